"""What a notice says before anybody edits it: the usual words of its basis and what is known of the transfer.

Invariants:
- Every value exists in both languages, so that each text can be checked against the law's list by itself.
- Nothing here is law: the list of what must be said is the rule pack's (``merger_notice``, ``consent_request``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from transfer.models import Transfer

#: What a person may word otherwise: name → (English, Chinese).
_MERGER_WORDS: Final[dict[str, tuple[str, str]]] = {
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

_ALIKE = ("retention", "rights", "rights_channel")
_SALE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "merger_reason": (
        "We sell this part of our brokerage business; with your consent the recipient serves you from then on.",
        "本公司拟转让相关证券经纪业务，经您同意后由接收方为您提供服务。",
    ),
    "method": (
        "The recipient stores your data encrypted, opens them only for people who serve you, and records each look.",
        "接收方加密存储您的个人信息，仅供为您服务的人员查看，并逐次记录。",
    ),
    "consent_link": (
        "You consent or refuse at any branch, by the hotline or in the app.",
        "您可以通过任一营业部、客服热线或应用程序表示同意或拒绝。",
    ),
    "silence_note": (
        "If you do not answer, that is no consent: your data and accounts stay with us, and nothing changes for you.",
        "您未答复的，不视为同意：您的信息和账户仍由本公司管理，您的服务不受影响。",
    ),
    "withdrawal_how": (
        "You may withdraw your consent at any time, in the same ways and without giving a reason.",
        "您可以随时以同样方式撤回同意，无需说明理由。",
    ),
    "costs": (
        "Neither consenting nor refusing costs you anything.",
        "无论同意与否，均不向您收取任何费用。",
    ),
    "guardian_note": (
        "This notice goes to the guardian, and only the guardian can consent for the child.",
        "本告知书由监护人接收，不满十四周岁客户的同意须由监护人作出。",
    ),
    **{name: _MERGER_WORDS[name] for name in _ALIKE},
}


@dataclass(frozen=True)
class Letter:
    """The notice of one basis: its template, the law's list it is compared with, and its usual words.

    ``plain`` are the values that are the same in both languages.
    """

    template: str
    checklist: str
    words: Mapping[str, tuple[str, str]]
    plain: tuple[str, ...]
    title: tuple[str, str]
    asks_consent: bool = False

    @property
    def worded(self) -> tuple[str, ...]:
        """The names of everything that is worded in both languages."""
        return (*self.words, *(() if self.asks_consent else ("object_by",)))


LETTERS: Final[Mapping[str, Letter]] = {
    Transfer.Basis.MERGER: Letter(
        template="merger_notice",
        checklist="merger_notice",
        words=_MERGER_WORDS,
        plain=("approval_reference", "transferee_contact", "officer_contact"),
        title=("Notice of the merger and of the handover of your data", "合并及客户信息移交告知书"),
    ),
    Transfer.Basis.ASSET_SALE: Letter(
        template="consent_request",
        checklist="consent_request",
        words=_SALE_WORDS,
        plain=("transferee_contact", "officer_contact"),
        title=("Notice asking for your separate consent", "向接收方提供个人信息告知暨单独同意征询书"),
        asks_consent=True,
    ),
}

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
