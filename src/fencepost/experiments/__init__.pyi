# The public names, each once: __init__.py imports a name from here when it is first used, and
# editors and type checkers read this file.
from .lessons import (
    KernelLessonsResult as KernelLessonsResult,
    kernel_lessons as kernel_lessons,
    train_kernel as train_kernel,
)
from .matching import (
    HandMadeAndLearnedResult as HandMadeAndLearnedResult,
    hand_made_and_learned as hand_made_and_learned,
)
from .robustness import (
    PoolingRobustnessResult as PoolingRobustnessResult,
    pooling_robustness as pooling_robustness,
)
from .sharing import SharedWeightsResult as SharedWeightsResult, shared_weights as shared_weights
from .shifting import (
    LocationInvarianceResult as LocationInvarianceResult,
    location_invariance as location_invariance,
)
