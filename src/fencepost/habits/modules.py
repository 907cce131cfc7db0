"""Functions and classes as other libraries call them, by module, and what to write here.

A text that ends with a full stop is a sentence; any other is code, or begins with it.
"""

from __future__ import annotations

GPU = 'GPUs are for training: net.fit(…, backend="torch", device="cuda"). Leave it out'
_NETWORK = "fp.Network(input_shape, layers)"
_ARRAYS = "arrays of NumPy: np.asarray(images)"
_SEED = "the seed= of fp.Network and of net.fit"
_LINEAR = "The filters here are weighted sums, which this is not. "
_SCIPY = _LINEAR + "SciPy has scipy.ndimage.{0}, OpenCV cv2.{1}."
_SEQUENCES = "The layers are for images and signals; there are none for text."
_AUGMENTATION = "net.fit(…, augmentation=fp.training.Augmentation(flip=True, shift=0.1))"
_STANDARDISED = "net.fit standardises images by the training set: leave it out"
_FOLDER = "fp.datasets.image_folder(path)"
_SIZED = "fp.datasets.image_folder(path, size=(32, 32)) resizes images"
_SEVERAL = "classes are class indices, net.fit(images, labels): leave it out"
_EVALUATED = "net.evaluate(images, labels)"
_SPLIT = "training, validation = fp.datasets.Dataset(images, labels).split(0.2)"
_MNIST = 'images, labels = fp.datasets.mnist("train"); "test" is the other split'
_TRAIN = "net.fit(images, labels)"
_SIMILAR = "The layers have ReLU, LeakyReLU, GELU, SiLU, Tanh and others in its place."
_GAUSSIAN = 'fp.filter_image(image, "gaussian:sigma=2")'
_MEAN = 'fp.filter_image(image, "mean:size=3")'
_FFT = 'fp.convolve(f, g, method="fft")'
_TASKS = "fencepost comes with MNIST only; images in folders: fp.datasets.image_folder(path)"
_PRETRAINED = "fp.from_torch(module, input_shape) imports torchvision's networks"
_ESTIMATOR = "fencepost.sklearn.CNNClassifier is an estimator for scikit-learn's"
_SHOWN = 'figures show themselves in notebooks; fp.plots.save(figure, "a.png") writes one'

NAMES: dict[str, dict[str, str]] = {
    "fencepost": {
        # Networks
        **dict.fromkeys(("Sequential", "Model", "Module", "LightningModule"), _NETWORK),
        "nn": "the layers are fp.Conv2d, fp.Linear, …, and fp.Network takes a list of them",
        "layers": "the layers are fp.Conv2d, fp.Linear, …",
        **dict.fromkeys(("functional", "F"),
                        "fp.convolve(f, g), fp.max_pool(f, 2), …; the layers are fp.Conv2d, …"),
        "Dense": "fp.Linear(out_features)",
        "Activation": "fp.ReLU(), fp.Tanh(), …",
        **dict.fromkeys(("Input", "InputLayer"),
                        "the shape of one image is the first argument of fp.Network"),
        "BatchNormalization": "fp.BatchNorm2d(), with PyTorch's momentum, 1 less that of Keras",
        "LayerNormalization": "fp.LayerNorm()",
        "MaxPooling2D": "fp.MaxPool2d(kernel_size)",
        "MaxPooling1D": "fp.MaxPool1d(kernel_size)",
        "AveragePooling2D": "fp.AvgPool2d(kernel_size)",
        "AveragePooling1D": "fp.AvgPool1d(kernel_size)",
        **dict.fromkeys(("GlobalAveragePooling2D", "GlobalAveragePooling1D"),
                        "fp.GlobalAvgPool()"),
        **dict.fromkeys(("GlobalMaxPooling2D", "GlobalMaxPooling1D", "AdaptiveMaxPool2d"),
                        "fp.GlobalMaxPool()"),
        "Conv2DTranspose": "fp.ConvTranspose2d(out_channels, kernel_size)",
        "Conv1DTranspose": "fp.ConvTranspose1d(out_channels, kernel_size)",
        "DepthwiseConv2D": "fp.Conv2d(channels, kernel_size, groups=channels)",
        "SeparableConv2D": "fp.Conv2d(channels, kernel_size, groups=channels), then "
        "fp.Conv2d(out_channels, 1)",
        **dict.fromkeys(("Conv3d", "MaxPool3d", "BatchNorm3d"),
                        "The layers are for signals and images; fp.convolve(f, g) and "
                        "fp.max_pool(f, 2) take any number of axes."),
        "UpSampling2D": "fp.Upsample(scale_factor=2)",
        **dict.fromkeys(("Dropout2d", "SpatialDropout2D", "AlphaDropout"), "fp.Dropout(p)"),
        **dict.fromkeys(("Add", "SkipConnection"), "fp.Residual(layer) adds its input"),
        "Concatenate": "fp.Concat([layer], [layer])",
        **dict.fromkeys(("Reshape", "Permute", "Unflatten", "Lambda"),
                        "Networks are chains of layers with sizes that are known: fp.Flatten() "
                        "is the only one that changes axes."),
        "Identity": "leave it out, a list needs no placeholder; a kernel: fp.kernels.identity()",
        **dict.fromkeys(("ZeroPadding2D", "ZeroPad2d"),
                        "fp.Conv2d(out_channels, kernel_size, padding=1)"),
        "Swish": "fp.SiLU()",
        **dict.fromkeys(("ELU", "SELU", "PReLU", "Softplus", "Mish", "LogSigmoid"), _SIMILAR),
        "LogSoftmax": "CrossEntropy takes the outputs of fp.Linear as they are: leave it out",
        **dict.fromkeys(("ReflectionPad2d", "ReplicationPad2d", "CircularPad2d"),
                        'Layers pad with zeros; fp.convolve(f, g, "same", boundary="reflect") '
                        "with other values."),
        **dict.fromkeys(("InstanceNorm1d", "InstanceNorm2d"),
                        "fp.GroupNorm(channels), a group for each channel"),
        **dict.fromkeys(("PixelShuffle", "MaxUnpool2d"),
                        "fp.Upsample(scale_factor=2), or "
                        "fp.ConvTranspose2d(out_channels, 2, stride=2)"),
        **dict.fromkeys(("LSTM", "GRU", "RNN", "Embedding", "Attention", "MultiheadAttention",
                         "Transformer"), _SEQUENCES),
        # Training
        "optim": "fp.training has SGD, Adam, AdamW and the schedules",
        "optimizers": "fp.training has SGD, Adam and AdamW",
        "lr_scheduler": "fp.training has Cosine, OneCycle, Step and Constant",
        "losses": "fp.training has CrossEntropy and MeanSquaredError",
        "loss": "fp.training has CrossEntropy and MeanSquaredError",
        "callbacks": "net.fit(…, validation=0.2, early_stopping=5, checkpoint=path, "
        "on_epoch=function)",
        "EarlyStopping": "net.fit(…, validation=0.2, early_stopping=5)",
        "ModelCheckpoint": "net.fit(…, checkpoint=path)",
        "metrics": _EVALUATED + " has accuracy, confusion and macro_f1",
        "utils": "fp.datasets reads data; net.fit makes the batches",
        **dict.fromkeys(("transforms", "RandomCrop", "RandomHorizontalFlip", "RandomRotation",
                         "RandomFlip", "ColorJitter", "Compose"), _AUGMENTATION),
        **dict.fromkeys(("ToTensor", "Normalize", "Rescaling", "StandardScaler", "normalize"),
                        _STANDARDISED),
        **dict.fromkeys(("Resize", "Resizing"), _SIZED),
        **dict.fromkeys(("fit", "train", "Trainer", "Learner", "vision_learner", "cnn_learner"),
                        _TRAIN),
        "predict": "net.predict(images)",
        "evaluate": _EVALUATED,
        "lr_find": "fp.training.find_lr(net, images, labels)",
        **dict.fromkeys(("to_categorical", "one_hot", "OneHotEncoder"), _SEVERAL),
        "LabelEncoder": "fp.datasets.Dataset(images, labels) takes names of classes",
        "accuracy_score": _EVALUATED + ".accuracy",
        "confusion_matrix": _EVALUATED + ".confusion",
        "classification_report": "print(net.evaluate(images, labels).class_table())",
        **dict.fromkeys(("cross_val_score", "GridSearchCV", "Pipeline", "MLPClassifier"),
                        _ESTIMATOR),
        **dict.fromkeys(("CNNClassifier", "CNNRegressor"),
                        "it is imported by itself: from fencepost.sklearn import CNNClassifier"),
        "train_test_split": _SPLIT,
        "random_split": _SPLIT,
        **dict.fromkeys(("manual_seed", "set_seed", "seed", "random", "set_random_seed",
                         "seed_everything"), _SEED),
        **dict.fromkeys(("no_grad", "inference_mode", "set_grad_enabled"),
                        "predictions keep no gradients: leave it out"),
        **dict.fromkeys(("GradientTape", "grad", "autograd"),
                        "net.fit(images, labels) computes the gradients; of the pixels: "
                        "fp.plots.saliency(net, image)"),
        **dict.fromkeys(("jit", "compile"), "networks are compiled automatically: leave it out"),
        **dict.fromkeys(("cuda", "device", "get_device", "mps"), GPU),
        # Arrays, data and files
        **dict.fromkeys(("Tensor", "tensor", "from_numpy", "array", "zeros", "ones"), _ARRAYS),
        "DataLoader": "net.fit makes the batches; fp.datasets reads data",
        "data": "fp.datasets reads data",
        **dict.fromkeys(("image_dataset_from_directory", "ImageDataGenerator", "ImageFolder",
                         "ImageDataLoaders"), _FOLDER),
        **dict.fromkeys(("load_model", "load_weights", "load_state_dict"), "fp.load(path)"),
        "save": "net.save(path)",
        "to_torch": "net.to_torch()",
        **dict.fromkeys(("to_onnx", "export"), 'net.export("model.onnx")'),
        **dict.fromkeys(("from_keras", "from_tensorflow"),
                        "fp.from_onnx(path), of a file that tf2onnx wrote"),
        "applications": "fp.models.mobilenet(input_shape, classes), untrained; " + _PRETRAINED,
        "summary": "net.summary()",
        "plot": _SHOWN,
        "show": _SHOWN,
        "imshow": "fp.filtering.read_image(path), which shows itself in a notebook",
        "config": "net.config()",
        "version": "fp.__version__",
        # Filters
        **dict.fromkeys(("imread", "open"), "fp.filtering.read_image(path)"),
        "Image": "fp.filtering.read_image(path); Pillow's images are taken as they are",
        "imwrite": "fp.filtering.write_image(path, image)",
        **dict.fromkeys(("filter2D", "filter2", "imfilter", "sepFilter2D"),
                        "fp.filter_image(image, kernel)"),
        **dict.fromkeys(("ImageFilter", "fspecial"),
                        _GAUSSIAN + '; fp.kernels.gaussian(2) is the kernel itself'),
        **dict.fromkeys(("GaussianBlur", "gaussian_filter", "imgaussfilt", "gaussian_blur"),
                        _GAUSSIAN),
        **dict.fromkeys(("blur", "boxFilter", "uniform_filter", "BoxBlur", "box_blur"), _MEAN),
        "gaussian_filter1d": "fp.convolve(f, fp.kernels.gaussian(2, ndim=1), "
        '"same", boundary="reflect")',
        "getGaussianKernel": "fp.kernels.gaussian(2, ndim=1)",
        "gaussian_laplace": 'fp.filter_image(image, "log:sigma=2")',
        "gaussian_gradient_magnitude": "fp.image_gradient(image, "
        'fp.kernels.pair("gaussian_derivative", sigma=2)).magnitude',
        "Sobel": 'fp.filter_image(image, "sobel:x")',
        "Scharr": 'fp.filter_image(image, "scharr:x")',
        "Laplacian": 'fp.filter_image(image, "laplace")',
        **dict.fromkeys(("edge", "imgradient"), 'fp.image_gradient(image, "sobel").magnitude'),
        **dict.fromkeys(("medianBlur", "median_filter", "medfilt2", "medfilt", "median"),
                        _SCIPY.format("median_filter", "medianBlur")),
        "bilateralFilter": _LINEAR + "OpenCV has cv2.bilateralFilter.",
        "Canny": _LINEAR + "OpenCV has cv2.Canny; the gradient: fp.image_gradient(image).",
        **dict.fromkeys(("erode", "dilate"), _SCIPY.format("grey_erosion", "erode")),
        **dict.fromkeys(("resize", "zoom", "cvtColor", "rotate", "warpAffine"),
                        "Pictures are resized and turned by others, such as Pillow's "
                        "Image.resize; here they are filtered: fp.filter_image(image, kernel)."),
        "pyrDown": 'fp.filter_image(image, "gaussian:sigma=1")[::2, ::2]',
        **dict.fromkeys(("matchTemplate", "normxcorr2"),
                        "fp.correlate(f, g), which is not normalised"),
        **dict.fromkeys(("convolve2d", "conv2", "conv", "convn", "conv1d", "conv2d", "convolve1d",
                         "oaconvolve"),
                        "fp.convolve(f, g), over any number of axes; the layers are fp.Conv1d, "
                        "fp.Conv2d"),
        **dict.fromkeys(("correlate2d", "correlate1d", "xcorr", "xcorr2"),
                        "fp.correlate(f, g), over any number of axes"),
        "fftconvolve": _FFT,
        "choose_conv_method": "fp.explain_method(f, g)",
        "correlation_lags": "np.arange(-len(g) + 1, len(f)), of fp.correlate(f, g, mode="
        '"full")',
        **dict.fromkeys(("lfilter", "savgol_filter", "sepfir2d", "filtfilt"),
                        'fp.convolve(f, g, "same"), with the weights g'),
        "deconvolve": "fp.estimation.learn_kernel(before, after) finds a kernel, not a signal",
        **dict.fromkeys(("max_pool1d", "max_pool2d", "maximum_filter"),
                        "fp.max_pool(image, 2), of arrays; the layer is fp.MaxPool2d"),
        **dict.fromkeys(("avg_pool1d", "avg_pool2d", "block_reduce"),
                        "fp.avg_pool(image, 2), of arrays; the layer is fp.AvgPool2d"),
    },
    "fencepost.training": {
        **dict.fromkeys(("CrossEntropyLoss", "SparseCategoricalCrossentropy",
                         "CategoricalCrossentropy", "NLLLoss"), "fp.training.CrossEntropy()"),
        **dict.fromkeys(("BCELoss", "BCEWithLogitsLoss", "BinaryCrossentropy"),
                        "fp.training.CrossEntropy(), of two outputs"),
        **dict.fromkeys(("MSELoss", "L1Loss", "MSE"), "fp.training.MeanSquaredError()"),
        **dict.fromkeys(("RMSprop", "Adagrad", "Nadam", "LBFGS", "Lion"), "fp.training.Adam()"),
        "CosineAnnealingLR": "fp.training.Cosine()",
        "CosineDecay": "fp.training.Cosine()",
        "OneCycleLR": "fp.training.OneCycle()",
        **dict.fromkeys(("StepLR", "MultiStepLR", "ExponentialLR", "ExponentialDecay",
                         "ReduceLROnPlateau"), "fp.training.Step()"),
        "EarlyStopping": "net.fit(…, validation=0.2, early_stopping=5)",
        "ModelCheckpoint": "net.fit(…, checkpoint=path)",
        **dict.fromkeys(("RandomHorizontalFlip", "RandomFlip"),
                        "fp.training.Augmentation(flip=True)"),
        **dict.fromkeys(("Compose", "RandomCrop"), "fp.training.Augmentation(shift=0.1)"),
        "RandAugment": "fp.training.Augmentation(randaugment=(2, 9))",
        **dict.fromkeys(("Trainer", "Learner", "train"), _TRAIN),
    },
    "fencepost.plots": {
        "show": _SHOWN,
        **dict.fromkeys(("plot", "figure", "subplots"),
                        "fp.plots.signal(f); axes of Matplotlib go to ax=, as in "
                        "fp.plots.signal(f, ax=None)"),
        "savefig": 'fp.plots.save(figure, "a.png")',
        "imshow": "fp.filtering.read_image(path), which shows itself in a notebook",
        "imread": "fp.filtering.read_image(path)",
        **dict.fromkeys(("plot_model", "network", "model"), "fp.plots.volumes(net)"),
        **dict.fromkeys(("loss", "plot_loss", "learning_curve"), "fp.plots.history(history)"),
        **dict.fromkeys(("filters", "weights"), "fp.plots.learned_kernels(net)"),
        **dict.fromkeys(("activations", "activation_maps"), "fp.plots.feature_maps(net, image)"),
        **dict.fromkeys(("gradcam", "attributions"), "fp.plots.saliency(net, image)"),
        **dict.fromkeys(("tsne", "umap"), "fp.plots.embedding(net, images, labels)"),
    },
    "fencepost.datasets": {
        **dict.fromkeys(("ImageFolder", "image_dataset_from_directory", "flow_from_directory",
                         "load_files", "ImageDataLoaders"), _FOLDER),
        "from_folder": _FOLDER,
        **dict.fromkeys(("MNIST", "load_data", "load_mnist", "load_digits", "digits"), _MNIST),
        "fetch_openml": "fp.datasets.mnist() for MNIST; images in folders: " + _FOLDER,
        **dict.fromkeys(("CIFAR10", "CIFAR100", "FashionMNIST", "fashion_mnist", "SVHN", "ImageNet",
                         "load_sample_images"), _TASKS),
        **dict.fromkeys(("load_iris", "iris", "make_classification", "load_wine", "make_moons"),
                        "Data sets are images or signals here, such as fp.datasets.mnist()."),
        "DataLoader": "net.fit makes the batches: net.fit(images, labels, batch_size=64)",
        **dict.fromkeys(("TensorDataset", "from_numpy", "from_arrays", "from_tensor_slices"),
                        "fp.datasets.Dataset(images, labels)"),
        **dict.fromkeys(("train_test_split", "random_split"), _SPLIT),
        **dict.fromkeys(("read_csv", "load_csv", "csv"), "fp.datasets.signals_csv(path)"),
        "numpy": "fp.datasets.npz(path)",
        "load": "fp.datasets.open(path)",
    },
    "fencepost.models": {
        **dict.fromkeys(("Sequential", "Model"), _NETWORK),
        **dict.fromkeys(("load_model", "load"), "fp.load(path)"),
        **dict.fromkeys(("mobilenet_v2", "MobileNetV2"),
                        "fp.models.mobilenet(input_shape, classes)"),
        **dict.fromkeys(("resnet34", "resnet50", "vgg16", "VGG16", "efficientnet_b0",
                         "EfficientNetB0", "alexnet"),
                        "fp.models.resnet18(input_shape, classes), untrained; " + _PRETRAINED),
        "list_models": "dir(fp.models)",
    },
    "fencepost.kernels": {
        "blur": 'fp.kernels.mean(3), or fp.kernels.gaussian(2)',
        **dict.fromkeys(("average", "uniform", "ones"), "fp.kernels.mean(3)"),
        "laplacian": "fp.kernels.laplace()",
        "laplacian_of_gaussian": "fp.kernels.log(2)",
        "difference_of_gaussians": "fp.kernels.dog(1, 2)",
        **dict.fromkeys(("fspecial", "get"), 'fp.kernels.parse("gaussian:sigma=2")'),
        "median": _SCIPY.format("median_filter", "medianBlur"),
        "list": "fp.kernels.names()",
    },
    "fencepost.filtering": {
        **dict.fromkeys(("open", "imread", "load_image", "read"), "fp.filtering.read_image(path)"),
        **dict.fromkeys(("save", "imwrite", "imsave", "write"),
                        "fp.filtering.write_image(path, image)"),
    },
}  # fmt: skip
