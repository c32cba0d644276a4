"""What a merger notice says before anybody edits it: the usual words and what is known of the transfer.

Invariants:
- Every value exists in both languages, so that each text can be checked against the law's list by itself.
- Nothing here is law: the list of what must be said is the rule pack's (checklist ``merger_notice``).
"""

from typing import Final

CHECKLIST: Final = "merger_notice"

#: What a person may word otherwise: name → (English, Chinese).
USUAL_WORDS: Final[dict[str, tuple[str, str]]] = {
    "merger_reason": (
        "The two firms join their business so that clients are served by one firm.",
        "双方整合业务，由一家公司继续为客户提供服务。",
    ),
    "freeze_window": (
        "From the close of trading on the day before until the market opens on that day no orders are taken.",
        "自前一交易日收市后至当日开市前暂停办理业务。",
    ),
    "retention": (
        "Client and account records are kept for at least 20 years after the account is closed.",
        "客户资料和账户资料自销户之日起至少保存二十年。",
    ),
    "accounts_effect": (
        "Your accounts, holdings and balances pass unchanged; your fund account number may change.",
        "您的账户、持仓和资金余额原样转入；资金账号可能变更。",
    ),
    "bank_effect": (
        "Your custodian bank and bank card stay the same; no new signature is needed.",
        "存管银行和银行卡不变，无需重新签约。",
    ),
    "login_effect": (
        "You set a new password at your first sign-in with the transferee.",
        "首次登录受让方系统时须重新设置密码。",
    ),
    "costs": ("The merger costs you nothing.", "本次合并不向您收取任何费用。"),
    "rights": (
        "You may see, copy, correct and delete your data, restrict their use, withdraw consent and complain.",
        "您可以查阅、复制、更正、删除个人信息，限制处理，撤回同意，并有权投诉。",
    ),
    "rights_channel": ("any branch, the hotline or the app", "任一营业部、客服热线或应用程序"),
    "object_how": (
        "Tell any branch, the hotline or the app that you object.",
        "您可以通过任一营业部、客服热线或应用程序提出异议。",
    ),
    "exit_how": (
        "You may move your assets to another broker or close your accounts at any branch, free of charge.",
        "您可以到任一营业部免费办理转户或销户。",
    ),
    "guardian_note": (
        "This notice goes to the guardian, who answers for the child.",
        "本告知书由监护人接收，并由监护人代为答复。",
    ),
    "consent_link": ("any branch or the app", "任一营业部或应用程序"),
}

#: What is the same in both languages, or a day.
PLAIN_VALUES: Final = ("transferee_contact", "approval_reference", "officer_contact")

#: Categories of data as the law wants them listed: which fields of the agreement's scope belong to each.
CATEGORIES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        (
            "clients.name",
            "clients.id_type",
            "clients.id_number",
            "clients.birth_date",
            "clients.sex",
            "clients.nationality",
        ),
        "name and identity documents",
        "姓名及身份证件信息",
    ),
    (
        ("clients.phone", "clients.email", "clients.address", "clients.postcode"),
        "contact details",
        "联系方式",
    ),
    (("clients.occupation", "clients.education"), "occupation and education", "职业与学历"),
    (
        ("clients.risk_level", "clients.risk_expires_on", "clients.investor_class"),
        "suitability and class of investor",
        "适当性评估与投资者类别",
    ),
    (("clients.aml_level",), "money-laundering risk level", "洗钱风险等级"),
    (("accounts.",), "accounts, balances and bank binding", "账户、资金余额与存管银行信息"),
    (("holdings.",), "holdings", "持仓信息"),
    (("trades.",), "trades", "成交记录"),
    (("relations.",), "guardians, agents and beneficial owners", "监护人、代理人与受益所有人信息"),
    (("preferences.",), "stated investment preferences", "投资偏好"),
    (("documents.",), "stored documents and images", "影像资料"),
)

#: Purposes that agreements name by a code.
PURPOSES: Final[dict[str, tuple[str, str]]] = {
    "securities_account_service": ("service of your securities accounts", "为您提供证券账户服务"),
    "legal_retention": ("keeping records as the law requires", "依法保存业务资料"),
}


def categories(scope: list[str], language: str) -> list[str]:
    """The categories of data that the agreement's scope touches, in words."""
    place = 1 if language == "en" else 2
    return [str(row[place]) for row in CATEGORIES if any(field.startswith(tuple(row[0])) for field in scope)]


def purpose_words(purpose: object, language: str) -> str:
    """A purpose of the agreement in words; one given in words stays as it is."""
    if isinstance(purpose, dict):
        return str(purpose.get("en" if language == "en" else "zh") or next(iter(purpose.values()), ""))
    english, chinese = PURPOSES.get(str(purpose), (str(purpose), str(purpose)))
    return english if language == "en" else chinese
