"""The traditional characters of headings and code words, as the simplified ones. Not a converter of texts."""

from typing import Final

_PAIRS: Final = (
    "戶户 號号 類类 證证 碼码 機机 話话 電电 郵邮 聯联 "
    "絡络 職职 業业 學学 歷历 風风 險险 級级 測测 評评 "
    "資资 別别 錢钱 態态 狀状 開开 營营 經经 賬账 帳帐 "
    "餘余 額额 凍冻 結结 權权 關关 係系 稱称 質质 數数 "
    "價价 單单 買买 賣卖 編编 標标 籤签 傭佣 費费 稅税 "
    "過过 國国 內内 項项 時时 銀银 東东 託托 幣币 種种 "
    "個个 護护 構构 產产 臺台 灣湾 體体 監监 請请 專专 "
    "舊旧 離离 滬沪 場场 進进 穩稳 極极 積积 慮虑 簡简 "
    "認认 購购 贖赎 對对 應应 門门 轉转 際际 匯汇 優优 "
    "盡尽 參参 檔档 達达 實实 點点 訊讯 語语 億亿 萬万 "
    "圓圆 齡龄 歲岁 約约 試试 廳厅 隻只 紅红 動动 軍军 "
    "習习 與与 區区 劃划 兩两 並并 兒儿 親亲 屬属 "
)
_TABLE: Final[dict[int, str]] = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})


def simplified(text: str) -> str:
    """The text with the characters known here in their simplified form."""
    return text.translate(_TABLE)
