"""What is done with networks beside running them: export. The only layer that may import TensorFlow at will."""

import os

# TensorFlow tells much about itself, from its very import on
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
