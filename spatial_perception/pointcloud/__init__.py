"""Point clouds: the value, files, sampling, cleaning, and the alignment that estimators expect."""
