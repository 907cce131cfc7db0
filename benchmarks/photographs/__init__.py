"""Photographs: folders, augmentation, accuracy and whole trainings beside PyTorch and fastai."""
