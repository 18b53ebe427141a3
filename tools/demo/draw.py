"""One drawn pet: `drawn_pet(read_traits()["Bengal"], seed=7)`. Pure: the same arguments give the same pixels."""

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from tools.demo.anatomy import GROUND, Anatomy, Sitter, anatomy_of
from tools.demo.canvas import Camera, canvas_over
from tools.demo.draw_body import draw_body, draw_ruff
from tools.demo.draw_face import draw_face
from tools.demo.draw_head import draw_flaps, draw_head
from tools.demo.scene import background, photographed
from tools.demo.shapes import oval
from tools.demo.traits import Traits, individual

_OVERSAMPLING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """What is fixed instead of picked: `scene` names a background, `exposure` is a factor on all light; 0 is unset."""

    scene: str = ""
    exposure: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPet:
    """`image` is RGB; `mask` is mode L of the same size, 255 where the animal is."""

    image: Image.Image
    mask: Image.Image


def drawn_pet(traits: Traits, *, seed: int, size_px: int = 224) -> Image.Image:
    """A square RGB picture of one animal of the breed `traits`, `size_px` wide."""
    return drawn_with_mask(traits, seed=seed, size_px=size_px).image


def drawn_with_mask(traits: Traits, *, seed: int, size_px: int = 224, staging: Staging | None = None) -> DrawnPet:
    """As `drawn_pet`, with the animal's mask."""
    random, large, stage = Random(seed), size_px * _OVERSAMPLING, staging or Staging()
    animal = individual(traits, random)
    anatomy = anatomy_of(animal, random)
    scene = background(random, size_px, stage.scene)
    camera = _camera(anatomy, random, large)
    _draw_shadow(scene, anatomy, camera)
    canvas = canvas_over(scene.resize((large, large), Image.Resampling.NEAREST), camera)
    _draw_animal(Sitter(canvas=canvas, traits=animal, anatomy=anatomy, random=random))
    small = canvas.image.reduce(_OVERSAMPLING)
    mask = canvas.mask.reduce(_OVERSAMPLING)
    return DrawnPet(image=photographed(small, random, stage.exposure), mask=mask)


def _draw_animal(sitter: Sitter) -> None:
    draw_body(sitter)
    draw_ruff(sitter)
    draw_head(sitter)
    draw_face(sitter)
    draw_flaps(sitter)


def _camera(anatomy: Anatomy, random: Random, px: int) -> Camera:
    """The whole animal, or in two of five pictures head and chest only."""
    close = random.random() < 0.4
    zoom = random.uniform(1.25, 1.5) if close else random.uniform(0.88, 1.08)
    (x, y), (_, half_height) = anatomy.head, anatomy.head_size
    if close:
        centre, place = (x + (4 if anatomy.pose == "lie" else 0), y + half_height * 0.55), (0.5, 0.52)
    else:
        centre, place = ((x + 54) / 2 if anatomy.pose == "lie" else 50.0, 52.0), (0.5, 0.53)
    at = (px * (place[0] + random.uniform(-0.06, 0.06)), px * (place[1] + random.uniform(-0.03, 0.03)))
    return Camera(
        px_per_unit=px / 100 * zoom,
        centre=centre,
        place_px=at,
        turn=random.gauss(0, 0.05),
        mirrored=random.random() < 0.5,
    )


def _draw_shadow(scene: Image.Image, anatomy: Anatomy, camera: Camera) -> None:
    """On the ground under the animal, soft; `scene` is not oversampled yet."""
    left, right = (26.0, 94.0) if anatomy.pose == "lie" else (50 - anatomy.haunch * 1.25, 50 + anatomy.haunch * 1.35)
    outline = camera.seen(oval(((left + right) / 2, GROUND), ((right - left) / 2, 3.4)))
    stencil = Image.new("L", scene.size, 0)
    ImageDraw.Draw(stencil).polygon([(x / _OVERSAMPLING, y / _OVERSAMPLING) for x, y in outline], fill=115)
    scene.paste((26, 22, 26), (0, 0), stencil.filter(ImageFilter.BoxBlur(scene.width // 80)))
