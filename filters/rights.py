"""Sentences by which texts claim rights: copyright, reprinting forbidden, reprinting with credit.

A statute on copyright speaks of the same things: of rights owners and authorities, by articles. Such sentences claim
nothing.
"""

import re
from enum import IntFlag


class Claim(IntFlag):
    """What a line claims; it may claim several things."""

    NONE = 0
    COPYRIGHT = 1
    NO_REPOST = 2
    CREDIT = 4


CLAIM_CHARS = 160
"""A sentence beyond this is prose, or a contract."""

_YEAR = r"(?:19|20)\d\d"
_COPYRIGHT = re.compile(
    rf"©(?:copyright|版权所有)?[:,]?{_YEAR}|{_YEAR}(?:[-–—~]+{_YEAR})?[,]?©|^(?:版权|copyright)?©|©[^。]{{0,40}}(?:{_YEAR}|版权|公司)"
    rf"|copyright[:,]?(?:©|\(c\)|\\\(co)?[:,]?(?:by|{_YEAR})|copyright\(c\)|\(c\)(?:copyright)?{_YEAR}|allrightsreserved"
    r"|版权所有(?!者|人|权|的)|著作权所有(?!者|人|权)|^版权(?:声明|说明|信息|申明):.|(?:侵权|翻印|盗版|盗印|违者|抄袭)必究"
    r"|^(?:版权|著作权)(?:均)?(?:归|属)(?!属).{1,30}(?:所有|享有|$)|保留(?:所有|一切|全部|所有的)(?:权利|版权|著作权)"
    r"|(?:本|此|该|原|以上|所有|全部)?(?:文|站|书|作品|文章|内容|图片|网站|刊|原文|原创|资料|页面?).{0,24}(?:版权|著作权|知识产权)"
    r"(?:均|皆|都|等)?(?:归|属)于?(?!谁|何|哪|作者以外).{1,30}"
    r"|^(?:本文)?(?:为|系|属)?(?:博主|作者|本站|独家)?原创(?:文章|内容|作品|稿件)?,.{0,30}(?:版权|转载|授权)"
)
_TAKE = r"(?:转载|转贴|转帖|转发|转摘|摘编|搬运|镜像|翻印|盗用|盗转|抄袭|二次上传|洗稿)"
_REPRINT = r"(?:转载|转贴|转帖|转摘|摘编|搬运)"
"""Of these no statute says that they are forbidden, unlike stealing water or meters (禁止盗用)."""
_ASKED = r"(?:授权|许可|允许|同意|批准)"
_NO = r"(?:不得|禁止|严禁|请勿|谢绝|拒绝|切勿|勿|不可|不允许|不准|不许|均?属?为?视?为?侵权)"
_NO_REPOST = re.compile(
    rf"(?:未经|非经|未获|未得|未取得|没有|无).{{0,30}}{_ASKED}.{{0,24}}{_NO}.{{0,24}}{_TAKE}"
    rf"|{_NO}(?:擅自|随意|任意|私自|自行|以任何形式|以任何方式|未经授权|商业|商用|一切形式的?|任何形式的?|他人|全文|或|及|复制|、|引用|二次){{0,3}}{_REPRINT}"
    rf"|{_TAKE}.{{0,16}}(?:需|须|请|应|必须|务必|先|事先).{{0,16}}(?:{_ASKED}|联系|联络|私信)"
    rf"|(?:未经|非经).{{0,24}}{_ASKED}.{{0,6}}{_TAKE}.{{0,16}}(?:追究|侵权|究)"
)
_CREDIT = re.compile(
    rf"(?:{_TAKE}|引用|转发).{{0,20}}?(?<!未)(?<!不)(?:注明|标明|附上|保留|标注|写明|载明|声明|注明).{{0,20}}?(?:出处|来源|作者|链接|地址|本站|原文|转自|署名|姓名|网址|本文)"
    rf"|(?:注明|标明).{{0,8}}(?:转载自|转自|来自)"
)
_STATUTE = re.compile(
    r"^第[一二三四五六七八九十百千〇零\d]+[条款章项]|本(?:法|条例|办法|规定|细则|解释)(?!律)|(?:责令|罚款|没收|拘役|有期徒刑|主管机关|主管部门|人民法院|被告|原告|当事人)"
    r"|声明(?:不得|禁止)|者,|(?:著作权|版权)(?:人|所有)者?(?:许可|同意)"
)


def claims(sentence: str) -> Claim:
    """Say what a folded sentence claims."""
    if len(sentence) > CLAIM_CHARS or _STATUTE.search(sentence):
        return Claim.NONE
    claim = Claim.NONE
    if _COPYRIGHT.search(sentence):
        claim |= Claim.COPYRIGHT
    if _NO_REPOST.search(sentence):
        claim |= Claim.NO_REPOST
    elif _CREDIT.search(sentence):
        claim |= Claim.CREDIT
    return claim
