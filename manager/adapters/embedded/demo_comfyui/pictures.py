"""What the nodes do to pictures, with Pillow alone. Every result depends on the arguments only."""

import hashlib
import io

from PIL import Image, ImageChops, ImageFilter, ImageOps
from PIL.Image import Resampling

RESAMPLING = {
    "nearest-exact": Resampling.NEAREST,
    "bilinear": Resampling.BILINEAR,
    "area": Resampling.BOX,
    "bicubic": Resampling.BICUBIC,
    "lanczos": Resampling.LANCZOS,
}
PREVIEW_SIDE = 512  # pixels; ComfyUI's own bound
# The part of the complex plane that the render shows, and the darkest to the brightest colour of it.
EXTENT = (-2.1, -1.3, 0.9, 1.3)
COLOURS = ("#10183a", "#3b6ea8", "#f4d58d")


def empty(width: int, height: int, color: int) -> Image.Image:
    """Give one colour, 0xRRGGBB."""
    return Image.new("RGB", (width, height), (color >> 16 & 255, color >> 8 & 255, color & 255))


def noise(width: int, height: int, seed: int) -> Image.Image:
    """Give random colours that are the same for the same seed, on every computer."""
    data = hashlib.shake_128(str(seed).encode()).digest(width * height * 3)
    return Image.frombytes("RGB", (width, height), data)


def scale(image: Image.Image, method: str, width: int, height: int, crop: str) -> Image.Image:
    """Resize; a width or height of 0 keeps the proportions, `center` crops to them first."""
    if width == 0 and height == 0:
        return image
    width = width or max(1, round(image.width * height / image.height))
    height = height or max(1, round(image.height * width / image.width))
    if crop == "center":
        return ImageOps.fit(image, (width, height), RESAMPLING[method])
    return image.resize((width, height), RESAMPLING[method])  # pyright: ignore[reportUnknownMemberType]


def blur(image: Image.Image, sigma: float) -> Image.Image:
    """Blur with a Gaussian of `sigma` pixels."""
    return image.filter(ImageFilter.GaussianBlur(sigma))


def invert(image: Image.Image) -> Image.Image:
    """Invert the colours."""
    return ImageOps.invert(image)


def render(image: Image.Image, step: int, steps: int) -> Image.Image:
    """Paint a fractal into the picture; it gains detail with each of the steps, and the last one is the result."""
    detail = 2 + round(98 * step / steps)
    fractal = Image.effect_mandelbrot(image.size, EXTENT, detail)
    painted = ImageOps.colorize(ImageOps.equalize(fractal), black=COLOURS[0], mid=COLOURS[1], white=COLOURS[2])
    return ImageChops.soft_light(painted, image.convert("RGB"))


def encode(image: Image.Image, kind: str, **options: int) -> bytes:
    """Give the picture as a file of that kind (PNG, JPEG, WEBP)."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def preview(image: Image.Image) -> bytes:
    """Give a JPEG that is small enough to be sent at each step."""
    return encode(ImageOps.contain(image, (PREVIEW_SIDE, PREVIEW_SIDE)), "JPEG", quality=80)
