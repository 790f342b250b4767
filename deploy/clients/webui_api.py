"""webuiapi's txt2img, img2img and extras against a running server: webui_api.py HOST PORT

Needs webuiapi and Pillow; check.sh installs both.
"""

import sys

import webuiapi
from PIL import Image, ImageChops, ImageDraw


def check(what, good):
    print(("ok    " if good else "WRONG ") + what)
    if not good:
        sys.exit(1)


def main(host, port):
    api = webuiapi.WebUIApi(host=host, port=port)
    house = api.txt2img(prompt="a red house by the sea", seed=7, steps=2).image
    check("txt2img", house.size == (512, 512))
    large = api.txt2img(
        prompt="a red house by the sea",
        seed=7,
        enable_hr=True,
        hr_scale=1.5,
        hr_upscaler=webuiapi.HiResUpscaler.Latent,
        denoising_strength=0.4,
    )
    check("txt2img, hires fix", large.image.size == (768, 768) and large.info["denoising_strength"] == 0.4)
    snow = api.img2img(images=[house], prompt="a red house in the snow", seed=7, denoising_strength=0.6)
    check("img2img", snow.image.size == (512, 512) and snow.info["denoising_strength"] == 0.6)
    mask = Image.new("L", house.size)
    ImageDraw.Draw(mask).rectangle((128, 256, 384, 480), fill=255)
    for full in (False, True):
        painted = api.img2img(
            images=[house],
            mask_image=mask,
            mask_blur=0,
            inpainting_fill=1,
            inpaint_full_res=full,
            inpaint_full_res_padding=16,
            prompt="a blue house",
            seed=3,
            denoising_strength=0.9,
        ).image.convert("RGB")
        difference = ImageChops.difference(painted, house.convert("RGB"))
        outside = Image.composite(Image.new("RGB", house.size), difference, mask)
        inside = ImageChops.subtract(difference, outside)
        check(
            f"img2img with a mask, only masked: {full}",
            outside.getbbox() is None and inside.getbbox() is not None,
        )
    single = api.extra_single_image(house, upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=2)
    check("extra_single_image", single.image.size == (1024, 1024))
    batch = api.extra_batch_images([house, mask], upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=1.5)
    check("extra_batch_images", [image.size for image in batch.images] == [(768, 768), (768, 768)])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]))
