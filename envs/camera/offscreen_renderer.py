"""An offscreen buffer of Panda3D's software renderer on the lens of a `CameraModel`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    Camera,
    FrameBufferProperties,
    GraphicsEngine,
    GraphicsOutput,
    GraphicsPipe,
    GraphicsPipeSelection,
    NodePath,
    PerspectiveLens,
    Texture,
    WindowProperties,
    load_prc_file_data,
)

from drive_stack.camera_model import CameraModel

NEAR, FAR = 0.3, 1500.0  # [m]
_OFFSCREEN = GraphicsPipe.BF_refuse_window | GraphicsPipe.BF_resizeable


class Stage:
    """One engine, so that scenes of several cameras never meet. World axes are Panda's own."""

    def __init__(self, model: CameraModel) -> None:
        # every pose of every car is another transform, never seen again: a cache of them only grows
        load_prc_file_data("drive_stack", "transform-cache 0")
        # the default pipe would look for an X server, on the network where there is none on this machine
        pipe = GraphicsPipeSelection.get_global_ptr().make_pipe("TinyOffscreenGraphicsPipe", "p3tinydisplay")
        self._model, self._pipe, self._engine = model, pipe, GraphicsEngine(pipe)
        self.root = NodePath("world")
        # drawn in the scene's own order: the default sorts by addresses in memory, and where faces meet
        # a pixel's colour would differ from process to process
        self.root.set_bin("unsorted", 0)
        self._mount = self.root.attach_new_node("mount")
        self._buffers: list[tuple[GraphicsOutput, Texture]] = []

    def add_eye(self, scale: int) -> Camera:
        """A camera on the same lens, its picture ``scale`` times the model's size."""
        width, height = self._model.width * scale, self._model.height * scale
        bits = FrameBufferProperties()
        bits.set_rgba_bits(8, 8, 8, 8)
        bits.set_depth_bits(24)
        number = len(self._buffers)
        size = WindowProperties.size(width, height)
        buffer = self._engine.make_output(self._pipe, f"eye{number}", number, bits, size, _OFFSCREEN)
        if buffer is None:
            raise RuntimeError("Panda3D's software renderer (p3tinydisplay) did not start")
        texture = Texture()
        buffer.add_render_texture(texture, GraphicsOutput.RTM_copy_ram)
        buffer.set_clear_color((0.0, 0.0, 0.0, 0.0))
        lens = PerspectiveLens()
        lens.set_film_size(self._model.width, self._model.height)
        lens.set_focal_length(self._model.focal_px)
        lens.set_near_far(NEAR, FAR)
        eye = Camera(f"eye{number}", lens)
        buffer.make_display_region().set_camera(self._mount.attach_new_node(eye))
        buffer.set_active(False)
        self._buffers.append((buffer, texture))
        return eye

    def place(self, x: float, y: float, yaw: float) -> None:
        """Move the eyes to the mount on an ego at ``x, y`` [m] that heads ``yaw`` [rad]."""
        model = self._model
        x, y = x + model.mount_x * np.cos(yaw), y + model.mount_x * np.sin(yaw)
        # Panda's cameras look along y: turn back by a right angle
        self._mount.set_pos_hpr(x, y, model.mount_z, np.degrees(yaw) - 90.0, -model.pitch_down_deg, 0.0)

    def redraw(self, number: int, times: int) -> None:
        """Draw one eye's picture again and again, and read none."""
        self.draw(number)
        for _ in range(times):
            self._engine.render_frame()

    def draw(self, number: int) -> NDArray[np.uint8]:
        """The picture of one eye, (H, W, 4) BGRA, first row at the bottom; a view into the buffer."""
        for index, (buffer, _) in enumerate(self._buffers):
            buffer.set_active(index == number)
        self._engine.render_frame()
        texture = self._buffers[number][1]
        shape = (texture.get_y_size(), texture.get_x_size(), 4)
        return np.frombuffer(texture.get_ram_image(), np.uint8).reshape(shape)

    def close(self) -> None:
        """Free the buffers and the scene."""
        for buffer, _ in self._buffers:
            buffer.set_size(1, 1)  # the renderer frees the memory of a buffer only when that is resized
        self._engine.remove_all_windows()
        self.root.remove_node()
        self._buffers.clear()
