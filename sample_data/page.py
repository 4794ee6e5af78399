"""Web pages of four invented sites: an article between the navigation, bars and footers that such pages carry."""

from dataclasses import dataclass
from html import escape

_LINKS = (
    "首页 要闻 民生 教育 健康 文化 旅游 财经 视频 图片 专题 论坛 电子版",
    "首页 医学百科 两性 育儿 饮食 养生 问医生 找医院 用药 直播",
    "主页 归档 标签 分类 关于 友链 订阅",
    "首頁 即時 生活 科技 藝文 投書 影音 訂閱",
)
_MORE = (
    "夜市摊点今晚起延长营业 松陵江水位回落 云麓区招聘社区工作者 周末公交线路临时调整 青岑茶园开采 岚屿渔家乐报名",
    "春季过敏怎么办 熬夜之后如何补觉 五种常见的用药误区 老人摔倒先别扶 体检单上的箭头 牙刷多久换一次",
    "上一篇：终端配色的小心思 下一篇：备份的三二一原则 我的书架 留言板",
    "颱風動態一次看 老街的修鞋師傅 週末去哪裡 讀者來函須知",
)
_CLUTTER = (
    "分享到： 微信 微博 QQ空间 复制链接",
    "收藏 点赞 128 评论 36 举报",
    "打赏 分享 生成海报",
    "分享到 LINE 臉書 列印",
)


@dataclass(frozen=True, slots=True)
class Article:
    """What a page shows."""

    title: str
    text: str
    """Paragraphs, one a line."""
    date: str
    number: int
    """Runs through the pages of a site: part of the address."""
    charset: str
    """What the page says of itself; the bytes may be in a superset of it."""


def _anchors(names: str, path: str) -> str:
    return "\n".join(f'<li><a href="/{path}/{i}.html">{name}</a></li>' for i, name in enumerate(names.split()))


def _paragraphs(text: str, attributes: str = "") -> str:
    return "\n".join(f"<p{attributes}>{escape(line, quote=False)}</p>" for line in text.split("\n"))


def newspaper(article: Article) -> str:
    """Return a page of a city newspaper: tables of links around, the title above the article."""
    title = escape(article.title)
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="{article.charset}">
<title>{title}_临溪晚报网</title>
<meta name="keywords" content="临溪,晚报,新闻">
<script>var _page = {article.number}; function share(to) {{ window.open('/share?to=' + to); }}</script>
<style>.nav li {{ float: left }} .hide {{ display: none }}</style>
</head>
<body>
<div id="top"><a href="/login">登录</a> | <a href="/register">注册</a> | <a href="/app">客户端下载</a></div>
<nav class="nav"><ul>
{_anchors(_LINKS[0], "channel")}
</ul></nav>
<div class="crumb">当前位置：<a href="/">首页</a> &gt; <a href="/news">新闻</a> &gt; 正文</div>
<header><h1>{title}</h1>
<div class="meta"><span>{article.date}</span> <span>来源：临溪晚报</span> <a href="#comments">评论</a></div></header>
<article class="content">
{_paragraphs(article.text)}
</article>
<div class="share-bar">{_CLUTTER[0]}</div>
<aside class="sidebar"><h3>热点推荐</h3><ul>
{_anchors(_MORE[0], "hot")}
</ul></aside>
<footer><p>关于我们 | 广告服务 | 联系方式 | 版权声明</p>
<p>浙ICP备00000{article.number:03d}号 浙公网安备 33019900000{article.number:03d}号</p></footer>
</body>
</html>
"""


def magazine(article: Article) -> str:
    """Return a page of a health and life magazine: nested blocks, advertising between them, comments below."""
    title = escape(article.title)
    return f"""<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset={article.charset}">
<title>{title} - 四季生活</title>
<link rel="stylesheet" href="/static/main.css">
</head>
<body>
<div class="header"><a class="logo" href="/">四季生活</a>
<form action="/search"><input name="q" placeholder="搜症状、找药品"><button>搜索</button></form>
<ul class="menu">
{_anchors(_LINKS[1], "c")}
</ul></div>
<div class="wrap">
<div class="side-left ad"><a href="/ad/1"><img src="/ad/1.gif" alt="广告"></a></div>
<div class="main">
<div class="title-box"><h1>{title}</h1></div>
<div class="info">发布时间：{article.date} 阅读：{article.number * 37 + 1024}</div>
<div class="article-content" itemprop="articleBody">
{_paragraphs(article.text, ' style="text-indent:2em"')}
</div>
<div class="tools">{_CLUTTER[1]}</div>
</div>
<div class="sidebar"><h4>大家都在看</h4><ul>
{_anchors(_MORE[1], "top")}
</ul></div>
</div>
<div class="footer">本站信息仅供参考，不能替代医生诊断 | 皖ICP备11111{article.number:03d}号</div>
</body>
</html>
"""


def journal(article: Article) -> str:
    """Return a page of somebody's blog: little markup, tags, licence line."""
    title = escape(article.title)
    return f"""<!doctype html>
<html lang="zh">
<head>
<meta charset="{article.charset}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} | 一只慢船</title>
<meta name="generator" content="Hugo 0.121">
</head>
<body class="post">
<header class="site"><a href="/">一只慢船</a><nav>
<ul>
{_anchors(_LINKS[2], "page")}
</ul></nav></header>
<main><article>
<div class="post-head"><time datetime="{article.date}">{article.date}</time></div>
<section class="post-body">
{_paragraphs(article.text)}
</section>
</article></main>
<div class="pager"><ul>
{_anchors(_MORE[2], "post")}
</ul></div>
<div class="share">{_CLUTTER[2]}</div>
<footer class="site">© 一只慢船 · Powered by Hugo · 闽ICP备22222{article.number:03d}号-1</footer>
</body>
</html>
"""


def weekly(article: Article) -> str:
    """Return a page of a weekly in Traditional characters."""
    title = escape(article.title)
    return f"""<!DOCTYPE html>
<html lang="zh-Hant">
<head>
<meta charset="{article.charset}">
<title>{title}｜河岸週報</title>
</head>
<body>
<div class="topbar"><a href="/">河岸週報</a> <a href="/member">會員登入</a></div>
<nav><ul>
{_anchors(_LINKS[3], "list")}
</ul></nav>
<div class="breadcrumb"><a href="/">首頁</a> / <a href="/life">生活</a></div>
<div class="headline"><h1>{title}</h1><span class="date">{article.date}</span></div>
<article>
{_paragraphs(article.text)}
</article>
<div class="share-bar">{_CLUTTER[3]}</div>
<aside><h3>延伸閱讀</h3><ul>
{_anchors(_MORE[3], "read")}
</ul></aside>
<footer>河岸週報 著作權所有 轉載請先取得同意</footer>
</body>
</html>
"""


TEMPLATES = (newspaper, magazine, journal, weekly)


_PLACES = "临溪 青岑 云麓 澄州 岚屿 沙棠 雁洲 北郊 石门 松陵"
_SERVICES = (
    "租房信息 二手车行 人才招聘 家政保洁 搬家公司 宠物领养 驾校报名 婚庆摄影",
    "儿科医院 牙科诊所 中医门诊 体检中心 药店地图 眼镜验光 康复理疗 月子护理",
    "公交线路 停车场所 充电站点 长途班车 船票时刻 出租叫车 加油站点 洗车养护",
    "小学名单 幼儿园区 培训机构 图书分馆 少年宫馆 老年大学 夜校课程 考试中心",
)


def navigation(number: int) -> str:
    """Return a page that only leads elsewhere: eighty links and not one sentence (number below 4)."""
    names = " ".join(place + service for place in _PLACES.split() for service in _SERVICES[number].split()).split()
    blocks = "\n".join(f"<ul>\n{_anchors(' '.join(names[i::8]), f'map{i}')}\n</ul>" for i in range(8))
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>网站地图</title></head>
<body>
<nav>
{blocks}
</nav>
<footer><a href="/about">关于</a> <a href="/contact">联系</a> 浙ICP备33333{number:03d}号</footer>
</body>
</html>
"""
