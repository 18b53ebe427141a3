"""What the page's script does, driven as a reader would. The counts are those of COUNTS in conftest.py."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import HOSTILE

pytestmark = pytest.mark.browser

PAPER, NIGHT = "rgb(255, 255, 255)", "rgb(18, 24, 31)"
N_ERRORS = 30


def ranks(page):
    return expect(page.locator("#pairs tbody tr:visible td:first-child"))


def shots(page):
    return page.locator("#images .shot:visible .name")


def background(page):
    return expect(page.locator("body"))


def test_a_column_sorts_down_then_up_then_as_written(opened, report_path):
    """Rates by hand: 9/54 = 16.7, 10/61 = 16.4, 5/47, 3/54, 2/42, 1/51; the pair of the first stands second."""
    page = opened(report_path)
    rate = page.get_by_role("columnheader", name="Rate")
    for order, sort in (("213456", "descending"), ("654312", "ascending")):
        rate.get_by_role("button").click()
        expect(rate).to_have_attribute("aria-sort", sort)
        ranks(page).to_have_text(list(order))
    rate.get_by_role("button").press("Enter")
    expect(rate).not_to_have_attribute("aria-sort", re.compile(""))
    ranks(page).to_have_text(list("123456"))


def test_a_table_is_searched_whatever_the_case_and_the_order_of_words(opened, report_path):
    page = opened(report_path)
    page.locator("#pairs").get_by_role("searchbox").fill("mau BENG")
    expect(page.locator("#pairs [role=status]")).to_have_text("1 of 6 shown")
    ranks(page).to_have_text(["2"])


def test_a_link_sorts_and_searches_and_a_reload_keeps_it(opened, report_path):
    page = opened(report_path, "#pairs?pairs.sort=-3&pairs.find=bengal")
    for _load in range(2):
        ranks(page).to_have_text(["2", "1"])
        expect(page.locator("#pairs").get_by_role("searchbox")).to_have_value("bengal")
        page.reload()
    page.wait_for_function("Math.abs(document.querySelector('#pairs').getBoundingClientRect().top) < 100")


def test_a_cell_of_the_matrix_shows_its_images_and_back_shows_all(opened, report_path):
    page = opened(report_path)
    cell = page.get_by_role("link", name="8 images of Bengal predicted as Egyptian Mau")
    cell.click()
    expect(page.locator("#images [role=status]")).to_have_text(f"8 of {N_ERRORS} shown")
    expect(shots(page)).to_have_count(8)
    expect(page.locator("#images h3:visible")).to_have_text(["Bengal predicted as Egyptian Mau, 8 images"])
    expect(page.locator("#images .controls")).to_be_in_viewport()
    expect(cell).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#images [role=status]")).to_have_text(f"{N_ERRORS} of {N_ERRORS} shown")
    expect(cell).not_to_have_attribute("aria-current", "true")


def test_the_gallery_is_filtered_by_class_and_ordered_by_confidence(opened, report_path):
    """The later row is the surer: rows 103 to 107 are boxers called pug, 128 and 129 the last pugs."""
    page = opened(report_path)
    page.get_by_label("Order").select_option("most confident error first")
    for place, name in enumerate(("image_00129", "image_00128", "image_00107")):
        expect(shots(page).nth(place)).to_have_text(name)
    page.locator("#images").get_by_label("Predicted class").select_option("Pug")
    expect(shots(page)).to_have_text([f"image_00{row}" for row in (107, 106, 105, 104, 103)])
    page.reload()
    expect(shots(page).first).to_have_text("image_00107")
    page.get_by_label("Order").select_option("most probable true class first")
    expect(shots(page).first).to_have_text("image_00103")
    page.get_by_label("Find a name").fill("00105")
    expect(shots(page)).to_have_text(["image_00105"])
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("#images .shot:visible")).to_have_count(N_ERRORS)
    expect(page.locator("#images .cell:visible")).to_have_count(8)


def test_the_arrow_keys_go_from_count_to_count(opened, report_path):
    page = opened(report_path)
    expect(page.locator(".matrix a[tabindex='0']")).to_have_count(1)
    page.locator(".matrix a[href='#cell-0-1']").focus()
    for key, arrived in (
        *(("ArrowRight", "#cell-0-3"), ("ArrowLeft", "#cell-0-1"), ("ArrowUp", "#cell-0-1")),
        *(("ArrowDown", "#cell-2-1"), ("ArrowUp", "#cell-0-1"), ("ArrowLeft", "#cell-1-0"), ("ArrowUp", "#cell-0-1")),
    ):
        page.keyboard.press(key)
        expect(page.locator(f".matrix a[href='{arrived}']"), key).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#images [role=status]")).to_have_text(f"6 of {N_ERRORS} shown")


def test_a_map_is_laid_over_its_crop_as_strongly_as_wished(opened, report_path):
    page = opened(report_path)
    page.locator("#image-60 .look").press("Enter")
    viewer = page.get_by_role("dialog", name="Bengal predicted as Egyptian Mau")
    under, over = viewer.locator("img").nth(0), viewer.locator("img").nth(1)
    expect(under).to_have_attribute("alt", "Image image_00060: true class Bengal, predicted Egyptian Mau")
    expect(over).to_have_attribute("alt", re.compile("Grad-CAM of image_00060 for Egyptian Mau"))
    expect(viewer.get_by_role("radio").first).to_be_focused()
    viewer.get_by_role("slider").fill("40")
    expect(over).to_have_css("opacity", "0.4")
    viewer.get_by_role("radio", name="SmoothGrad").check()
    expect(over).to_have_css("opacity", "1")
    expect(over).to_have_attribute("alt", re.compile("SmoothGrad of image_00060"))
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page.locator("#image-60 .look")).to_be_focused()


def test_two_maps_are_compared_on_either_side_of_a_line_that_a_link_keeps(opened, report_path):
    page = opened(report_path)
    page.locator("#image-60 .look").click()
    page.get_by_role("radio", name="Grad-CAM: Egyptian Mau | Grad-CAM: Bengal").check()
    under, over = page.locator(".stage img").nth(0), page.locator(".stage img").nth(1)
    expect(over).to_have_css("clip-path", "inset(0px 50% 0px 0px)")
    page.get_by_role("slider", name="predicted class on its left").fill("20")
    page.reload()
    expect(over).to_have_css("clip-path", "inset(0px 80% 0px 0px)")
    expect(over).to_have_attribute("alt", re.compile("for Egyptian Mau"))
    expect(under).to_have_attribute("alt", re.compile("for Bengal"))
    page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_page_is_dark_as_the_system_is_until_the_button_says_otherwise(opened, report_path):
    page = opened(report_path, color_scheme="dark")
    button = page.get_by_role("button", name="Dark")
    background(page).to_have_css("background-color", NIGHT)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    background(page).to_have_css("background-color", PAPER)
    page.reload()
    background(page).to_have_css("background-color", PAPER)
    expect(button).to_have_attribute("aria-pressed", "false")


def test_the_button_works_where_nothing_may_be_stored(opened, report_path):
    page = opened(report_path)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })")
    page.reload()
    page.get_by_role("button", name="Dark").click()
    background(page).to_have_css("background-color", NIGHT)


def test_the_controls_speak_the_language_of_the_page(opened, report_path):
    page = opened(report_path.with_name("report.ja.html"))
    page.locator("#images").get_by_label("予測クラス").select_option(index=1)
    expect(page.locator("#images [role=status]")).to_have_text(f"{N_ERRORS}件中5件を表示")
    expect(page.get_by_role("button", name="ダーク表示")).to_be_visible()


def test_without_scripts_all_is_there_and_no_control(opened, report_path):
    page = opened(report_path, "#cell-1-2", java_script_enabled=False)
    ranks(page).to_have_count(6)
    expect(shots(page)).to_have_count(N_ERRORS)
    expect(page.locator("button, input, select, dialog")).to_have_count(0)
    expect(page.locator("#cell-1-2")).to_be_in_viewport()


def test_on_paper_nothing_is_filtered_nothing_is_dark_and_no_control_is_seen(opened, report_path):
    page = opened(report_path, "#pairs?pairs.find=mau&pairs.sort=-5", color_scheme="dark")
    page.locator("#image-60 .look").click()
    ranks(page).to_have_count(2)
    page.emulate_media(media="print")
    background(page).to_have_css("background-color", PAPER)
    ranks(page).to_have_count(6)
    for control in (".controls", ".look", ".theme", ".viewer", ".top"):
        expect(page.locator(control).locator("visible=true")).to_have_count(0)
    page.wait_for_function("getComputedStyle(document.querySelector('.sort'), '::after').content === 'none'")


def test_on_a_telephone_nothing_is_wider_than_the_screen_and_no_control_too_small_for_a_finger(opened, report_path):
    page = opened(report_path, "#image-60?map=0", viewport={"width": 390, "height": 800})
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = "button => { const box = button.getBoundingClientRect(); return box.height < 24 || box.width < 24 }"
    assert not page.evaluate(f"[...document.querySelectorAll('button, select, input:not([type=radio])')].filter({small}).filter(one => one.checkVisibility()).map(one => one.outerHTML)")  # fmt: skip


@pytest.mark.parametrize("guarded", [True, False])
def test_a_script_that_got_into_the_page_does_not_run(opened, report_path, tmp_path, guarded):
    """Without the policy it would: the same page shows that the test can tell."""
    page = report_path.read_text(encoding="utf-8").replace(
        "<main>",
        "<main><script>document.title = 'taken'</script><p id=loud onclick=\"document.title = 'taken'\">x</p>",
        1,
    )
    if not guarded:
        page = re.sub(r"<meta http-equiv=[^>]*>", "", page)
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    shown = opened(path)
    shown.locator("#loud").click()
    expect(shown).to_have_title(re.compile("^Error report" if guarded else "^taken$"))
    if guarded:
        assert len(opened.said) == 2  # written while the page was read: before the click
        assert all("Content Security Policy" in line for line in opened.said)
        opened.said.clear()


def test_markup_in_a_class_name_is_text(opened, report_path):
    page = opened(report_path, "#image-129?map=0")
    expect(page.get_by_role("dialog").get_by_text(f"Grad-CAM: {HOSTILE}").first).to_be_visible()
    expect(page).to_have_title("Error report: m on synthetic")
