# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for Blender's compositor."""

import bpy


def lay_over(original, layers, to):
    """Lay the main layer of a multi-layer image over another and render that as floats, both read as stored.

    Returns the names of the layers' sockets.
    """
    scene = bpy.context.scene
    tree, output = _compositor(scene)
    below, above = (_image_node(tree, file) for file in (original, layers))
    scene.render.resolution_x, scene.render.resolution_y = below.image.size
    scene.render.resolution_percentage, scene.render.use_sequencer = 100, False
    scene.render.compositor_device = "CPU"
    over = tree.nodes.new("CompositorNodeAlphaOver")
    first, second = (socket for socket in over.inputs if socket.type == "RGBA")
    tree.links.new(below.outputs[0], first)
    tree.links.new(above.outputs["Combined"], second)
    tree.links.new(over.outputs[0], output)
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGBA", "32"
    scene.render.filepath = to
    bpy.ops.render.render(write_still=True)
    return sorted(socket.name for socket in above.outputs if socket.enabled)


def _compositor(scene):
    """Return the scene's compositor and the socket that its result goes to."""
    if not hasattr(scene, "compositing_node_group"):
        scene.use_nodes = True
        scene.node_tree.nodes.clear()
        return scene.node_tree, scene.node_tree.nodes.new("CompositorNodeComposite").inputs[0]
    tree = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    scene.compositing_node_group = tree
    return tree, tree.nodes.new("NodeGroupOutput").inputs[0]


def _image_node(tree, file):
    node = tree.nodes.new("CompositorNodeImage")
    node.image = bpy.data.images.load(file)
    node.image.colorspace_settings.name = "Non-Color"
    return node
