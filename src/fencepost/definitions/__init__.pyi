# The public names, each once: __init__.py imports a name from here when it is first used, and
# editors and type checkers read this file.
from .activations import (
    gelu as gelu,
    leaky_relu as leaky_relu,
    hard_sigmoid as hard_sigmoid,
    hard_swish as hard_swish,
    relu as relu,
    relu6 as relu6,
    scaled_tanh as scaled_tanh,
    sigmoid as sigmoid,
    silu as silu,
    tanh as tanh,
)
from .augmentation import (
    adjust_brightness as adjust_brightness,
    adjust_contrast as adjust_contrast,
    adjust_hue as adjust_hue,
    adjust_saturation as adjust_saturation,
    adjust_sharpness as adjust_sharpness,
    autocontrast as autocontrast,
    crop_points as crop_points,
    cutmix as cutmix,
    equalize as equalize,
    erase as erase,
    grey as grey,
    mixup as mixup,
    posterize as posterize,
    resized_crop as resized_crop,
    rotate as rotate,
    sample as sample,
    shear_x as shear_x,
    shear_y as shear_y,
    solarize as solarize,
    translate as translate,
    warp_affine as warp_affine,
)
from .boundaries import (
    convolution_at as convolution_at,
    convolve as convolve,
    correlation_at as correlation_at,
    extended_at as extended_at,
    extended_index as extended_index,
    normalized_convolution_at as normalized_convolution_at,
)
from .colours import (
    put_luma as put_luma,
    take_luma as take_luma,
)
from .convolution import (
    convolution_1d_at as convolution_1d_at,
    convolution_2d_at as convolution_2d_at,
    convolve_1d as convolve_1d,
    convolve_1d_full as convolve_1d_full,
    convolve_2d as convolve_2d,
    convolve_2d_full as convolve_2d_full,
    correlate_1d as correlate_1d,
    correlate_2d as correlate_2d,
    correlation_1d_at as correlation_1d_at,
    correlation_2d_at as correlation_2d_at,
)
from .layers import (
    add as add,
    affine as affine,
    avg_pool as avg_pool,
    batch_norm_inference as batch_norm_inference,
    batch_norm_running as batch_norm_running,
    batch_norm_training as batch_norm_training,
    concat as concat,
    conv_layer as conv_layer,
    dense_weights as dense_weights,
    dropout as dropout,
    flatten as flatten,
    gate as gate,
    linear as linear,
    max_pool as max_pool,
    rbf as rbf,
    sum_pool as sum_pool,
)
from .learning import (
    adam_step as adam_step,
    adamw_step as adamw_step,
    average_step as average_step,
    clip_by_norm as clip_by_norm,
    cross_entropy as cross_entropy,
    mean_squared_error as mean_squared_error,
    sgd_step as sgd_step,
    softmax as softmax,
)
from .resizing import (
    adaptive_avg_pool as adaptive_avg_pool,
    conv_transpose as conv_transpose,
    upsample as upsample,
)
from .normalization import group_norm as group_norm, layer_norm as layer_norm
