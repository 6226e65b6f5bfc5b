"""Procedural homes with exact layouts, virtual sensors, and a robot that drives through them."""

from spatial_perception.simulation.apartment import Home, HomeStyle, Room, make_home
from spatial_perception.simulation.camera import DepthCameraModel, DepthFrame, capture, optical_pose
from spatial_perception.simulation.lidar import LidarModel, LidarScan, scan
from spatial_perception.simulation.poses import Pose
from spatial_perception.simulation.robot import RobotModel, Trajectory, drive, simulate_drive
from spatial_perception.simulation.sensors import merged, scan_stations, simulate_scene, station_poses
from spatial_perception.simulation.testset import write_testset

__all__ = [
    "DepthCameraModel",
    "DepthFrame",
    "Home",
    "HomeStyle",
    "LidarModel",
    "LidarScan",
    "Pose",
    "RobotModel",
    "Room",
    "Trajectory",
    "capture",
    "drive",
    "make_home",
    "merged",
    "optical_pose",
    "scan",
    "scan_stations",
    "simulate_drive",
    "simulate_scene",
    "station_poses",
    "write_testset",
]
