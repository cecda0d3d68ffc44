"""An offscreen buffer of Panda3D's software renderer on the lens of a `CameraModel`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    BitMask32,
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
PICTURE, LABELS = BitMask32.bit(0), BitMask32.bit(1)  # masks of the first and the second view
_OFFSCREEN = GraphicsPipe.BF_refuse_window | GraphicsPipe.BF_resizeable


class OffscreenRenderer:
    """One rendering engine with its own scene and views. World axes are Panda3D's own.

    Each camera has its own engine, so that the scenes of several cameras stay separate.
    """

    def __init__(self, model: CameraModel) -> None:
        # every pose of every car is a new transform that never recurs, so a cache would only grow
        load_prc_file_data("drive_stack", "transform-cache 0")
        # the default pipe would look for an X server, on the network if the machine has none
        pipe = GraphicsPipeSelection.get_global_ptr().make_pipe("TinyOffscreenGraphicsPipe", "p3tinydisplay")
        self._model, self._pipe, self._engine = model, pipe, GraphicsEngine(pipe)
        self.root = NodePath("world")
        # draw in scene order: the default sorts by memory address, so that a pixel's colour where faces
        # meet would differ between processes
        self.root.set_bin("unsorted", 0)
        self._mount = self.root.attach_new_node("mount")
        self._buffers: list[tuple[GraphicsOutput, Texture]] = []

    def add_view(self, scale: int) -> Camera:
        """Add a view with the model's lens and ``scale`` times its image size.

        Raises:
            RuntimeError: The software renderer did not start.
        """
        width, height = self._model.width * scale, self._model.height * scale
        bits = FrameBufferProperties()
        bits.set_rgba_bits(8, 8, 8, 8)
        bits.set_depth_bits(24)
        number = len(self._buffers)
        size = WindowProperties.size(width, height)
        buffer = self._engine.make_output(self._pipe, f"view{number}", number, bits, size, _OFFSCREEN)
        if buffer is None:
            raise RuntimeError("Panda3D's software renderer (p3tinydisplay) did not start")
        texture = Texture()
        buffer.add_render_texture(texture, GraphicsOutput.RTM_copy_ram)
        buffer.set_clear_color((0.0, 0.0, 0.0, 0.0))
        lens = PerspectiveLens()
        lens.set_film_size(self._model.width, self._model.height)
        lens.set_focal_length(self._model.focal_px)
        lens.set_near_far(NEAR, FAR)
        view = Camera(f"view{number}", lens)
        view.set_camera_mask(BitMask32.bit(number))
        buffer.make_display_region().set_camera(self._mount.attach_new_node(view))
        buffer.set_active(False)
        self._buffers.append((buffer, texture))
        return view

    def set_pose(self, camera: CameraModel, x: float, y: float, z: float, yaw: float) -> None:
        """Move all views to a ``camera`` on an ego at ``x, y, z`` [m] with heading ``yaw`` [rad]."""
        x, y = x + camera.mount_x * np.cos(yaw), y + camera.mount_x * np.sin(yaw)
        # Panda's cameras point along y: subtract a right angle
        heading = np.degrees(yaw) - 90.0
        self._mount.set_pos_hpr(x, y, z + camera.mount_z, heading, -camera.pitch_down_deg, camera.roll_deg)

    def redraw(self, number: int, times: int) -> None:
        """Render one view ``times`` times after the first, without reading the image."""
        self.draw(number)
        for _ in range(times):
            self._engine.render_frame()

    def draw(self, number: int) -> NDArray[np.uint8]:
        """Render one view as (H, W, 4) BGRA, first row at the bottom; shares the buffer's memory."""
        for index, (buffer, _) in enumerate(self._buffers):
            buffer.set_active(index == number)
        self._engine.render_frame()
        texture = self._buffers[number][1]
        shape = (texture.get_y_size(), texture.get_x_size(), 4)
        return np.frombuffer(texture.get_ram_image(), np.uint8).reshape(shape)

    def close(self) -> None:
        """Free the buffers and the scene."""
        for buffer, _ in self._buffers:
            buffer.set_size(1, 1)  # the renderer frees a buffer's memory only when it is resized
        self._engine.remove_all_windows()
        self.root.remove_node()
        self._buffers.clear()
