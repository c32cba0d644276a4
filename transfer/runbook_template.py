"""The steps of a cutover as brokers carry them out, as data: a new runbook starts from these.

Sources: the order of freezes, closing files, switch after daily clearing and residual sweeps as published for
Chinese mergers (switch after end-of-day clearing; freeze of account opening before all business).
"""

from dataclasses import dataclass

TRANSFEROR, TRANSFEREE = "transferor", "transferee"


@dataclass(frozen=True)
class Step:
    """One step: who does it, with which outside party, what shows that it is done, and the way back.

    ``hours`` is the planned time relative to the planned cutover.
    """

    title_en: str
    title_zh: str
    owner: str
    check: str
    hours: float
    rollback_en: str
    rollback_zh: str
    party: str = ""


REOPEN = ("Reopen the business", "恢复业务办理")
NONE_NEEDED = ("Nothing to undo", "无需回退")
RETURN_KEYS = ("Recall by batch", "按批次召回")

STEPS: tuple[Step, ...] = (
    Step("Stop opening and closing accounts", "停办开户、销户业务", TRANSFEROR, "said", -144, *REOPEN),
    Step(
        "Stop non-trading business and overnight orders",
        "停办非交易业务，关闭隔夜委托",
        TRANSFEROR,
        "said",
        -48,
        *REOPEN,
    ),
    Step(
        "Confirm readiness with the depository",
        "与登记结算机构确认就绪",
        TRANSFEREE,
        "party_ready",
        -24,
        *NONE_NEEDED,
        "depository",
    ),
    Step(
        "Confirm readiness with the custodian banks",
        "与存管银行确认就绪",
        TRANSFEREE,
        "party_ready",
        -24,
        *NONE_NEEDED,
        "bank",
    ),
    Step(
        "Confirm participant codes with the exchanges",
        "与交易所确认交易单元切换",
        TRANSFEREE,
        "party_ready",
        -24,
        *NONE_NEEDED,
        "exchange",
    ),
    Step(
        "Withdraw old log-ins of the transferor's system",
        "停用转让方系统登录",
        TRANSFEROR,
        "said",
        -2,
        "Restore the log-ins",
        "恢复登录",
    ),
    Step("Finish the day's clearing", "完成当日清算", TRANSFEROR, "said", -1, *NONE_NEEDED),
    Step(
        "Take and prove the last backup",
        "完成切换前备份并验证恢复",
        TRANSFEROR,
        "backup_proved",
        -1,
        *NONE_NEEDED,
    ),
    Step(
        "Compute all gates anew and go",
        "重新计算全部关口并确认切换",
        TRANSFEROR,
        "begun",
        0,
        "Abort the transfer",
        "中止转让",
    ),
    Step("Move custody in batches", "分批移交数据控制权", TRANSFEROR, "all_accepted", 0, *RETURN_KEYS),
    Step(
        "Deliver the file to the transferee's system",
        "向受让方系统交付数据文件",
        TRANSFEREE,
        "delivered",
        1,
        *RETURN_KEYS,
    ),
    Step(
        "Load the delivery into the transferee's system",
        "受让方系统装载数据",
        TRANSFEREE,
        "returned:transferee",
        6,
        "Empty and load again",
        "清空后重新装载",
    ),
    Step(
        "Receive the depository's holdings",
        "接收登记结算机构持有数据",
        TRANSFEREE,
        "returned:depository",
        8,
        *NONE_NEEDED,
        "depository",
    ),
    Step(
        "Receive the banks' balances",
        "接收存管银行资金余额",
        TRANSFEREE,
        "returned:bank",
        8,
        *NONE_NEEDED,
        "bank",
    ),
    Step(
        "Reconcile, and decide every break", "对账并处理全部差异", TRANSFEREE, "reconciled", 10, *NONE_NEEDED
    ),
    Step(
        "Open business at the transferee",
        "受让方开放业务",
        TRANSFEREE,
        "said",
        60,
        "Suspend the business",
        "暂停业务",
    ),
    Step("Start the sweep of residual credits", "启动后续款项归集", TRANSFEROR, "said", 72, *NONE_NEEDED),
)

# The parties outside both firms that a Chinese cutover needs at least (kind, name).
PARTIES: tuple[tuple[str, str], ...] = (
    ("depository", "中国证券登记结算有限责任公司"),
    ("exchange", "上海证券交易所"),
    ("exchange", "深圳证券交易所"),
    ("exchange", "北京证券交易所"),
    ("bank", "存管银行"),
)
