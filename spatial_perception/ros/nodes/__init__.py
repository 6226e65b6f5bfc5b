"""The nodes: parameters, topics, TF and publishing. What they compute lies outside `ros/`."""
