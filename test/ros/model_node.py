"""`scene_node` with a language model that does as it is told: a program, started by tests."""

from __future__ import annotations

import importlib.util
import time

if importlib.util.find_spec("embedded_ros") is not None:
    import embedded_ros

    embedded_ros.activate()

from spatial_perception.reasoning.answers import Answer
from spatial_perception.ros.nodes.scene_node import THREADS, SceneNode
from spatial_perception.ros.running import run


class Parrot:
    """Repeats the question word by word, at `pause` s each; pays no heed to time or cancelling, as bad models do."""

    name = "parrot"

    def __init__(self, pause=0.3):
        self.pause = pause

    def ask(self, question, scene, options=(), *, max_time=None, cancelled=None):
        return Answer(question, "".join(self.stream(question, scene)))

    def stream(self, question, scene, options=(), *, max_time=None, cancelled=None):
        if "explode" in question:
            raise RuntimeError("the model\nburst")
        if "look" in question:
            yield f"{len(scene.images)} images of {scene.images[0].shape}"
            return
        for word in question.split():
            time.sleep(self.pause)
            yield f"{word}\x07 "


if __name__ == "__main__":
    raise SystemExit(run(lambda: SceneNode(Parrot()), threads=THREADS))
