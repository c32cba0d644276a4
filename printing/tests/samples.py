"""One sample document per form, with rare names, long words and everything optional."""

COMMON = {
    "organisation": {"en": "Yuanxiu Securities Co., Ltd.", "zh": "远岫证券股份有限公司"},
    "document_id": "CERT-019369a0-7c1e",
    "issued_at": "2026-11-23T18:00:00+08:00",
    "version": "3",
    "approver": "周远",
    "confidentiality": {"en": "Confidential", "zh": "机密"},
    "checkpoint": "handover.example/log 214331 s3QkAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abc=",
    "verify_url": "https://handover.example/verify/CERT-019369a0-7c1e",
}
RARE = "张䶮 㛃 𠮷 赵㼆 欧阳·买买提"
SAMPLES = {
    "certificate": {
        **COMMON,
        "title": {"en": "Certificate of handover", "zh": "移交证书"},
        "statement": [
            {
                "en": "2,000 clients passed from Canglan to Yuanxiu.",
                "zh": "2,000 名客户由沧澜证券转至远岫证券。",
            },
        ],
        "exceptions": [
            {"en": "Gate 6 by exception: two breaks of CNY 0.01.", "zh": "关口6例外：两处差异，各 0.01 元。"}
        ],
        "facts": [
            {"term": {"en": "Clients", "zh": "客户数"}, "value": "2,000"},
            {
                "term": {"en": "Market value", "zh": "市值"},
                "value": {"en": "CNY 81,200,000.10", "zh": "81,200,000.10 元"},
            },
        ],
        "signatures": [
            {
                "organisation": {"en": "Canglan Securities", "zh": "沧澜证券有限公司"},
                "name": RARE,
                "fingerprint": "ab" * 32,
                "signed_at": "2026-11-23 18:00 UTC+08:00",
            },
            {
                "organisation": {"en": "Yuanxiu Securities", "zh": "远岫证券股份有限公司"},
                "name": "周远",
                "fingerprint": "cd" * 32,
            },
        ],
    },
    "list": {
        **COMMON,
        "title": {"en": "Handover list of documents", "zh": "移交清单"},
        "facts": [{"term": {"en": "Box", "zh": "箱号"}, "value": "12"}],
        "columns": [
            {"title": {"en": "Client no.", "zh": "客户号"}},
            {"title": {"en": "Name", "zh": "姓名"}},
            {"title": {"en": "Pages", "zh": "页数"}, "number": True},
        ],
        "rows": [[f"{n:012d}", RARE if n % 7 == 0 else "李*", str(n % 9 + 1)] for n in range(80)],
        "totals": ["80", "", "393"],
    },
    "letter": {
        **COMMON,
        "title": {"en": "Notice of the transfer of your account", "zh": "关于您的账户转移的通知"},
        "recipient": RARE,
        "address": ["上海市浦东新区世纪大道100号", "200120"],
        "paragraphs": [
            {
                "en": "Your account moves on 18 December 2026.",
                "zh": "您的账户将于2026年12月18日转至远岫证券。",
            },
            {"en": "You may object until 8 December 2026.", "zh": "您可在2026年12月8日前提出异议。"},
        ],
        "facts": [{"term": {"en": "Telephone", "zh": "电话"}, "value": "95000"}],
        "closing": [{"en": "Yours faithfully", "zh": "此致"}],
        "sender": {"en": "Canglan Securities Co., Ltd.", "zh": "沧澜证券有限公司"},
    },
    "table_report": {
        **COMMON,
        "title": {"en": "Reconciliation report", "zh": "对账报告"},
        "summary": [{"en": "14 breaks, all explained.", "zh": "差异 14 处，均已说明。"}],
        "tables": [
            {
                "title": {"en": "Breaks by party", "zh": "按对手方统计的差异"},
                "columns": [
                    {"title": {"en": "Party", "zh": "机构"}, "width": 3},
                    {"title": {"en": "Breaks", "zh": "差异数"}, "number": True, "width": 1},
                    {"title": {"en": "Amount", "zh": "金额"}, "number": True, "width": 2},
                ],
                "rows": [["中国证券登记结算", "12", "CNY 1,234.5600"], ["Bank 存管银行", "2", "CNY 0.01"]],
                "totals": ["合计 Total", "14", "CNY 1,234.5700"],
            }
        ],
    },
}
