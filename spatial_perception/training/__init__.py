"""Fine-tuning of SpatialLM checkpoints: datasets, collation with augmentation, training."""
