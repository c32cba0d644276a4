"""Tags and filters that every page uses: figures, dates, masked values, states, form controls.

Promises:
- An amount never appears without its currency and is never rounded.
- A moment names its zone, at the latest on hover, and carries ISO 8601 for machines.
- A state is an icon and a word; colour only repeats them.
- Nothing here decrypts or unmasks: what comes in masked goes out masked.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.forms.utils import ErrorDict
from django.template.defaultfilters import slugify
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from handover.states import KIND_ICONS, STAGES, STATES, UNDER_WAY

register = template.Library()

CURRENCIES: dict[str, Any] = {
    "CNY": _("CNY %(amount)s"),
    "HKD": _("HKD %(amount)s"),
    "USD": _("USD %(amount)s"),
}


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


def plain_number(value: object) -> str:
    """Digits grouped by three in both languages; a Decimal keeps every decimal it came with."""
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, int):
        return f"{value:,d}"
    return str(value)


@cache
def _icon_source(name: str) -> str:
    path = settings.BASE_DIR / "templates" / "icons" / f"{slugify(name)}.svg"
    drawing = path.read_text(encoding="utf-8").split(">", 1)[1].rsplit("</svg>", 1)[0]
    return "".join(line.strip() for line in drawing.splitlines())


@register.simple_tag
def icon(name: str) -> SafeString:
    """The named drawing, inline and hidden from readers of the text: a word always stands beside it."""
    return mark_safe(  # noqa: S308 - the drawing comes from our own files, never from data
        '<svg class="icon" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        f'focusable="false">{_icon_source(name)}</svg>'
    )


@register.filter
def number(value: object) -> str:
    """A count with thousands grouped; nothing becomes a dash."""
    return "—" if value is None or value == "" else plain_number(value)


@register.simple_tag
def money(amount: Decimal | str | int | None, currency: str) -> SafeString:
    """An amount with its currency, all decimals kept and at least two shown."""
    if amount is None or amount == "":
        return mark_safe("—")
    exact = Decimal(str(amount))
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        exact = exact.quantize(Decimal("0.01"))
    pattern = str(CURRENCIES.get(currency, f"{currency} %(amount)s"))
    return format_html('<span class="money">{}</span>', pattern % {"amount": plain_number(exact)})


def day_text(value: date) -> str:
    """The calendar day as the language writes it: 23 Nov 2026, or 2026年11月23日."""
    if _chinese():
        return f"{value.year}年{value.month}月{value.day}日"
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{value.day} {months[value.month - 1]} {value.year}"


def zone_text(value: datetime) -> str:
    """The zone in full: name, offset from UTC and place."""
    offset = value.strftime("%z")
    return f"{value.tzname()}, UTC{offset[:3]}:{offset[3:]}, {timezone.get_current_timezone_name()}"


@register.simple_tag
def moment(value: datetime | date | None, form: str = "") -> SafeString:
    """A day, or a moment with its zone; ``form`` "table" leaves the zone to the hover, "day" the time too."""
    if value is None or value == "":
        return mark_safe("—")
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), day_text(value))
    local = timezone.localtime(value) if timezone.is_aware(value) else timezone.make_aware(value)
    zone = zone_text(local)
    shown = day_text(local)
    if form != "day":
        shown = f"{shown} {local:%H:%M}"
    if not form:
        shown = f"{shown} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>', local.isoformat(), f"{local:%H:%M:%S}", zone, shown
    )


@register.filter
def duration(seconds: float | None) -> str:
    """A span as its two largest units: 2 h 5 min, 40 s."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [
        (days, gettext("%(n)d d")),
        (hours, gettext("%(n)d h")),
        (minutes, gettext("%(n)d min")),
        (left, gettext("%(n)d s")),
    ]
    first = next((index for index, (amount, _unit) in enumerate(parts) if amount), 3)
    return " ".join(unit % {"n": amount} for amount, unit in parts[first : first + 2] if amount or first == 3)


@register.simple_tag
def masked(value: object) -> SafeString:
    """A value that was masked before it came here, shown so that one sees it is masked."""
    if value is None or value == "":
        return mark_safe("—")
    return format_html(
        '<span class="masked"><span class="visually-hidden">{} </span>{}</span>', gettext("masked:"), value
    )


@register.simple_tag
def badge(kind: str, word: str, symbol: str = "") -> SafeString:
    """A coloured badge of one of the kinds ok, bad, warn, busy, calm: icon and word."""
    known = kind if kind in KIND_ICONS else "calm"
    return format_html(
        '<span class="state state-{}">{}<span>{}</span></span>',
        known,
        icon(symbol or KIND_ICONS[known]),
        word,
    )


@register.simple_tag
def state_badge(state: str, word: str = "") -> SafeString:
    """The badge of a state by its code; ``word`` replaces the usual word, unknown codes are neutral."""
    kind, usual = STATES.get(str(state), ("calm", str(state).replace("_", " ")))
    return badge(kind, word or str(usual))


@register.simple_tag
def count_link(count: int, url: str, label: str = "") -> SafeString:
    """A count that opens exactly the rows it counted; ``label`` completes it for those who only hear it."""
    spoken = format_html('<span class="visually-hidden"> {}</span>', label) if label else ""
    return format_html('<a class="count" href="{}">{}{}</a>', url, plain_number(count), spoken)


@register.simple_tag
def stage_line(current: str) -> list[dict[str, Any]]:
    """The nine stages as done, current or to come, seen from ``current``."""
    codes = list(STAGES)
    here = codes.index(current) if current in codes else -1
    return [
        {
            "code": code,
            "word": word,
            "state": "current" if place == here else "done" if place < here else "coming",
        }
        for place, (code, word) in enumerate(STAGES.items())
    ]


@register.filter
def under_way(state: str) -> bool:
    """True while a work goes on by itself."""
    return str(state) in UNDER_WAY


@register.simple_tag
def percent_of(done: int | None, total: int | None) -> str:
    """How much is done, in whole per cent rounded down, so that 100 % means all of it."""
    return f"{(done or 0) * 100 // total} %" if total else "—"


@register.simple_tag
def cell(value: object) -> object:
    """One table cell: a plain value by its type, or a dict saying kind, value and perhaps url."""
    if isinstance(value, Mapping):
        return _described_cell(cast(Mapping[str, Any], value))
    if isinstance(value, datetime):
        return moment(value, "table")
    if isinstance(value, date):
        return moment(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, str | Promise):
        return str(value) or "—"
    return number(value)


def _described_cell(described: Mapping[str, Any]) -> object:
    value = described.get("value")
    kind = described.get("kind", "")
    shown: object
    if kind == "money":
        shown = money(value, str(described["currency"]))
    elif kind == "masked":
        shown = masked(value)
    elif kind == "state":
        shown = state_badge(str(value), str(described.get("word", "")))
    elif kind == "code":
        shown = format_html("<code>{}</code>", value)
    else:
        shown = cell(value)
    if described.get("url"):
        return format_html('<a href="{}">{}</a>', described["url"], shown)
    return shown


def _control_class(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return ""
    if isinstance(widget, CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, Select) else "form-control"


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The input of a form field, tied to its help and its errors for those who hear the page."""
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}_help")
    if field.errors:
        described.append(f"{field.auto_id}_errors")
    classes = f"{_control_class(field)} {'is-invalid' if field.errors else ''}".strip()
    attributes: dict[str, str | bool] = {"class": classes} if _control_class(field) else {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)


@register.filter
def choice_group(field: BoundField) -> bool:
    """True when the field is a group of boxes, which needs a legend and not a label."""
    return isinstance(field.field.widget, RadioSelect | CheckboxSelectMultiple)


@register.filter
def single_box(field: BoundField) -> bool:
    """True for one box to tick, whose label stands after it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def has_file(form: Any) -> bool:
    """True when a form sends files and so needs the multipart encoding."""
    return any(isinstance(field.field.widget, FileInput) for field in form)


@register.simple_tag
def error_links(form: Any) -> list[dict[str, str]]:
    """Every error of a form with its field's label and the id to go to, in the order of the fields."""
    errors = cast(ErrorDict, form.errors)
    links = [{"label": "", "text": str(text), "id": ""} for text in form.non_field_errors()]
    for field in form:
        target = field.id_for_label or field.auto_id
        links += [
            {"label": str(field.label), "text": str(text), "id": target}
            for text in errors.get(field.name, [])
        ]
    return links


@register.simple_tag
def column_class(columns: list[Mapping[str, Any]], place: int) -> str:
    """The class of the cells of a column: figures stand right."""
    return "num" if place < len(columns) and columns[place].get("number") else ""
