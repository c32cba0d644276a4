"""Sample contexts for every part of the interface: what the tests render and the pictures show."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class SampleForm(forms.Form):
    name = forms.CharField(label="Name 姓名", help_text="As it stands on the agreement. 与协议一致。")
    basis = forms.ChoiceField(label="Basis 法律依据", choices=[("", "—"), ("merger", "Merger 吸收合并")])
    sides = forms.MultipleChoiceField(
        label="Sides 双方",
        choices=[("a", "沧澜证券"), ("b", "远岫证券")],
        widget=forms.CheckboxSelectMultiple,
    )
    agreed = forms.BooleanField(label="Agreed 已同意")
    note = forms.CharField(label="Note 备注", required=False, widget=forms.Textarea(attrs={"rows": 2}))


def wrong_form():
    form = SampleForm({"name": "", "basis": "other", "note": "kept 保留"})
    form.full_clean()
    form.add_error(None, "The two firms are the same. 两家公司相同。")
    return form


CONFIRM = {
    "sentence": "2,000 clients pass to 远岫证券.",
    "consequences": [
        {"count": 2000, "text": "clients move", "url": "/clients?state=cleared"},
        {"count": 40, "text": "stay parked"},
    ],
    "irreversible": ["The transferor's wraps are withdrawn."],
    "signers": [
        {"name": "陈岚", "organisation": "沧澜证券", "signed": True, "at": NOW},
        {"name": "周远", "organisation": "远岫证券", "signed": False},
    ],
    "step_up": True,
    "action": "/go",
    "submit": "Go",
    "cancel_url": "/",
    "danger": True,
    "hidden": [{"name": "digest", "value": "ab12"}],
}
GATE = {
    "number": 4,
    "title": "Notice and consent 通知与同意",
    "opens": "ready",
    "state": "gate_closed",
    "sentence": "37 of 2,000 clients have no proof of notice.",
    "url": "/gate/4",
    "facts": [
        {"text": "Notice proved", "met": False, "count": 37, "url": "/clients?notice=missing"},
        {"text": "Window over", "met": True, "count": 0, "url": "/clients?window=open", "detail": "15 Nov"},
    ],
    "move": {"who": "远岫证券", "since": NOW, "until": NOW},
}
TABLE = {
    "id": "clients",
    "caption": "Clients 客户",
    "columns": [
        {"title": "No. 客户号"},
        {"title": "Name 姓名"},
        {"title": "State 状态"},
        {"title": "Value 市值", "number": True},
        {"title": "Trades 成交", "number": True},
        {"title": "Since 日期"},
    ],
    "rows": [
        [
            {"kind": "code", "value": "000000012345", "url": "/c/1"},
            {"kind": "masked", "value": "张**"},
            {"kind": "state", "value": "parked"},
            {"kind": "money", "value": Decimal("1234567.8900"), "currency": "CNY"},
            12345,
            date(2026, 11, 23),
        ],
        {
            "kind": "bad",
            "cells": [
                "000000000007",
                {"kind": "masked", "value": "李*"},
                {"kind": "state", "value": "failed"},
                {"kind": "money", "value": "0.5", "currency": "HKD"},
                0,
                NOW,
            ],
        },
    ],
    "pager": {"shown": 50, "total": 2000, "next_url": "?after=x", "first_url": "?"},
    "exports": [{"title": "CSV", "url": "?as=csv"}, {"title": "XLSX", "url": "?as=xlsx"}],
}
JOB = {
    "id": "7",
    "title": "Loading 载入",
    "state": "running",
    "done": 41200,
    "total": 100000,
    "unit": "rows",
    "rate": 5100,
    "seconds_left": 75,
    "poll_url": "/job/7",
    "stop_url": "/job/7/stop",
    "sentence": "客户资料.csv",
}
REVEAL = {
    "id": "phone",
    "label": "Telephone 手机号码",
    "masked": "138****5678",
    "action": "/reveal",
    "purposes": [("objection", "Objection 异议"), ("service", "Service 服务")],
}
DRAWER = {
    "id": "c1",
    "title": "History 历史",
    "entries": [{"at": NOW, "who": "陈岚", "what": "released", "number": 214331, "url": "/log/214331"}],
    "seen_by": [],
    "proof": {"checkpoint": "s3Qk…", "leaf": 214331, "signed_at": NOW, "verify_url": "/verify"},
    "certificate_url": "/cert",
}
#: part → context; every part that a page may include by itself.
PARTS = {
    "stages": {"current": "notifying"},
    "stats": {
        "stats": [
            {
                "label": "in scope 在范围内",
                "value": 2000,
                "url": "/c",
                "amount": Decimal("81200000.10"),
                "currency": "CNY",
            },
            {"label": "without proof 无凭证", "value": 37, "url": "/c?n", "note": "overdue", "kind": "bad"},
        ]
    },
    "gate": {"gate": GATE},
    "move": {"move": GATE["move"]},
    "clocks": {
        "clocks": [
            {
                "text": "Objection ends 异议期届满",
                "ends_at": NOW,
                "seconds_left": 273120,
                "kind": "warn",
                "url": "/x",
            }
        ]
    },
    "facts": {
        "facts": [
            {"term": "Cutover 正式切换", "value": date(2026, 12, 18)},
            {"term": "Clients", "value": 2000, "url": "/c"},
        ]
    },
    "table": {"table": TABLE},
    "progress": {"job": JOB},
    "reveal": {"reveal": REVEAL},
    "revealed": {"reveal": {**REVEAL, "value": "13800005678", "masked_url": "/masked", "number": 12}},
    "drawer": {"drawer": DRAWER},
    "confirm": {"confirm": CONFIRM},
    "form": {"form": wrong_form, "cancel_url": "/"},
    "empty": {
        "empty": {
            "title": "No transfer yet",
            "what": "Here stand your transfers.",
            "act": {"title": "Begin", "url": "/new"},
        }
    },
}
FRAME = {
    "navigation": [
        {"title": _("Overview"), "url": "/", "icon": "home", "active": True, "section": ""},
        {
            "title": _("Clients"),
            "url": "/clients",
            "icon": "users",
            "active": False,
            "section": "Transfer 转让",
        },
        {
            "title": _("Audit"),
            "url": "/log",
            "icon": "shield-check",
            "active": False,
            "section": "Control 管控",
        },
    ],
    "organisation": "远岫证券股份有限公司",
    "user": "周远",
    "banner": "",
    "languages": [{"code": "en", "name": "English"}, {"code": "zh-hans", "name": "简体中文"}],
}


def context_of(part):
    """The sample context of a part, with callables made anew."""
    return {
        key: value() if callable(value) and key == "form" else value for key, value in PARTS[part].items()
    }
