# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoders of H.264 and HEVC that share nothing with FFmpeg's: OpenH264 and libde265, where they are installed."""

import ctypes
import ctypes.util

import av
import numpy as np
from understudy.core.export.nal_units import split_lengths
from understudy.core.export.parameter_sets import read_header

OPENH264 = ctypes.util.find_library("openh264")
LIBDE265 = ctypes.util.find_library("de265")
_WAITING_FOR_INPUT = 13


class _Property(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int))


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("file_name", ctypes.c_char_p),
        ("load", ctypes.c_uint),
        ("layer", ctypes.c_ubyte),
        ("concealment", ctypes.c_int),
        ("only_parses", ctypes.c_bool),
        ("video", _Property),
    )


class _BufferInfo(ctypes.Structure):
    _fields_ = (
        ("status", ctypes.c_int),
        ("time_in", ctypes.c_ulonglong),
        ("time_out", ctypes.c_ulonglong),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("format", ctypes.c_int),
        ("strides", ctypes.c_int * 2),
        ("planes", ctypes.c_void_p * 3),
    )


class _OpenH264:
    """The decoder of OpenH264, by the places of its functions in their table."""

    def __init__(self):
        library = ctypes.CDLL(OPENH264)
        self._object = ctypes.c_void_p()
        assert library.WelsCreateDecoder(ctypes.byref(self._object)) == 0
        table = ctypes.cast(self._object, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
        planes, info = ctypes.c_void_p * 3, ctypes.POINTER(_BufferInfo)
        initialize = self._function(table[0], ctypes.POINTER(_Parameters))
        self._decode = self._function(table[3], ctypes.c_char_p, ctypes.c_int, planes, info)
        self._flush = self._function(table[5], planes, info)
        parameters = _Parameters(video=_Property(ctypes.sizeof(_Property), 0))
        assert initialize(self._object, ctypes.byref(parameters)) == 0

    @staticmethod
    def _function(address, *kinds):
        return ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *kinds)(address)

    def decode(self, data):
        """Return the image that comes out for a packet, None where none does yet."""
        return self._image(lambda *output: self._decode(self._object, data, len(data), *output))

    def flush(self):
        """Yield the images that are left."""
        while (image := self._image(lambda *output: self._flush(self._object, *output))) is not None:
            yield image

    @staticmethod
    def _image(call):
        planes, info = (ctypes.c_void_p * 3)(), _BufferInfo()
        assert call(planes, ctypes.byref(info)) & 0xFFFFFFFF == 0
        if info.status != 1:
            return None
        stride, height = info.strides[0], info.height
        rows = np.ctypeslib.as_array(ctypes.cast(planes[0], ctypes.POINTER(ctypes.c_ubyte)), (height, stride))
        return rows[:, : info.width].copy()


def decode_h264(path):
    """Return every luma plane of a movie, in the order of showing, as OpenH264 decodes it."""
    decoder = _OpenH264()
    lumas = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        units = list(read_header("h264", stream.codec_context.extradata).sets)
        for packet in container.demux(stream):
            if packet.size:
                units += split_lengths(bytes(packet))
                lumas.append(decoder.decode(b"".join(b"\0\0\0\1" + unit for unit in units)))
                units = []
    lumas += decoder.flush()
    return [luma for luma in lumas if luma is not None]


def decode_hevc(path):
    """Return every luma plane of a movie, in the order of showing, as libde265 decodes it."""
    library = _library()
    decoder = library.de265_new_decoder()
    lumas = []
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            units = list(read_header("hevc", stream.codec_context.extradata).sets)
            for packet in container.demux(stream):
                units += split_lengths(bytes(packet)) if packet.size else []
                for unit in units:
                    assert library.de265_push_NAL(decoder, unit, len(unit), 0, None) == 0
                units = []
                lumas += _decoded(library, decoder)
        library.de265_flush_data(decoder)
        lumas += _decoded(library, decoder)
        assert library.de265_get_warning(decoder) == 0
    finally:
        library.de265_free_decoder(decoder)
    return lumas


def _decoded(library, decoder):
    lumas, more = [], ctypes.c_int(1)
    while more.value:
        error = library.de265_decode(decoder, ctypes.byref(more))
        while image := library.de265_get_next_picture(decoder):
            lumas.append(_luma(library, image))
        if error == _WAITING_FOR_INPUT:
            break
        assert error == 0
    return lumas


def _luma(library, image):
    stride = ctypes.c_int()
    plane = library.de265_get_image_plane(image, 0, ctypes.byref(stride))
    height, width = library.de265_get_image_height(image, 0), library.de265_get_image_width(image, 0)
    rows = np.ctypeslib.as_array(ctypes.cast(plane, ctypes.POINTER(ctypes.c_uint8)), (height, stride.value))
    deep = library.de265_get_bits_per_pixel(image, 0) > 8
    return rows.view(np.uint16)[:, :width].copy() if deep else rows[:, :width].copy()


def _library():
    library = ctypes.CDLL(LIBDE265)
    pointer = ctypes.c_void_p
    for name in ("de265_new_decoder", "de265_get_next_picture", "de265_get_image_plane"):
        getattr(library, name).restype = pointer
    library.de265_free_decoder.argtypes = library.de265_flush_data.argtypes = [pointer]
    library.de265_get_next_picture.argtypes = library.de265_get_warning.argtypes = [pointer]
    library.de265_push_NAL.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64, pointer]
    library.de265_decode.argtypes = [pointer, ctypes.POINTER(ctypes.c_int)]
    library.de265_get_image_plane.argtypes = [pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    for name in ("de265_get_image_height", "de265_get_image_width", "de265_get_bits_per_pixel"):
        getattr(library, name).argtypes = [pointer, ctypes.c_int]
    return library
