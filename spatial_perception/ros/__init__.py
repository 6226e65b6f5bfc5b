"""ROS 2 nodes and what they share. The only part of the package that imports rclpy; plain rclpy, Humble and newer."""
