"""What a robot's planner needs from a layout: grids, rooms, routes, zones, obstacles and goals, without ROS."""
