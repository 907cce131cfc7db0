# The public names, each once: __init__.py imports a name from here when it is first used, and
# editors and type checkers read this file.
from .images.augmented import augmentations as augmentations
from .images.kernel_grids import filtering as filtering, kernel as kernel
from .images.window_grids import padding as padding, stride as stride
from .networks.activations import feature_maps as feature_maps
from .networks.confusion_matrix import confusion as confusion
from .networks.diagrams import shared_weights as shared_weights
from .networks.embeddings import embedding as embedding
from .networks.explanation import explain as explain
from .networks.learning_rate_test import learning_rates as learning_rates
from .networks.misclassified import mistakes as mistakes
from .networks.receptive_fields import receptive_field as receptive_field
from .networks.saliency_maps import saliency as saliency
from .networks.trained_kernels import (
    learned_kernels as learned_kernels,
    learned_kernels_animation as learned_kernels_animation,
)
from .networks.training_curve import history as history
from .networks.volume_boxes import volumes as volumes
from .saving import save as save, save_animation as save_animation
from .signals.lines import signal as signal
from .signals.sums import (
    convolution_steps as convolution_steps,
    convolution_steps_animation as convolution_steps_animation,
)
