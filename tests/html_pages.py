"""Invented pages as Chinese government sites lay them out, shared by the tests of the HTML reader."""

GOV = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">
<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>澜江省人民政府关于加快数字乡村建设的实施意见_政策_澜江省人民政府网</title>
<style>.nav{color:red}</style><script>var a = "<p>不是正文。</p>";</script></head><body>
<div class="topbar"><a href="/">首页</a> | <a href="/en">English</a> | <a href="/login">登录</a></div>
<div class="header"><h2>澜江省人民政府</h2><ul class="nav"><li><a href="/a">省情</a></li>
<li><a href="/b">政务公开</a></li>
<li><a href="/c">互动交流</a></li></ul></div>
<div class="wrap">
<div class="crumbs">当前位置：<a href="/">首页</a> &gt; <a href="/zc">政策</a> &gt; <a href="/zc/w">文件</a></div>
<div class="article-head"><h1>澜江省人民政府关于加快数字乡村建设的实施意见</h1>
<div class="pages-date">2026-03-05 09:30 <span class="font">来源：<span>澜江省人民政府办公厅</span></span></div>
<div class="pages_print"><span>字号：</span><a href="#">大</a> <a href="#">中</a> <a href="#">小</a>
| <a href="#">打印</a></div>
<div class="share">分享到：<a href="#">微信</a><a href="#">微博</a></div></div>
<div class="pages_content" id="UCAP-CONTENT">
<p style="text-align:center">澜政发〔2026〕7号</p>
<p>各市、县（区）人民政府，省政府各部门、各直属单位：</p>
<p style="text-indent: 2em">　　为深入贯彻落实党中央、国务院决策部署，加快数字乡村建设，
现提出以下意见。</p>
<p>　　<strong>一、总体要求</strong></p>
<p>　　到2028年，全省行政村千兆光网覆盖率达到<b>95%</b>以上，农村电商年交易额突破<a href="/x">600亿元</a>，
基层治理更加便捷。</p>
<h3>二、重点任务</h3>
<p>　　<b>（一）夯实设施。</b>实施“云上澜江”工程，新建改造农村基站<span>1.2</span>万个。</p>
<table border="1"><tr><th>序号</th><th>任务</th><th>责任单位</th></tr>
<tr><td>1</td><td><p>建设基站</p></td><td>省通信管理局</td></tr>
<tr><td>2</td><td>培训新农人</td><td></td></tr></table>
<p align="center"><img src="a.jpg" alt="不是文字"></p>
<p class="pic-desc">云桥区数字农场的智能大棚</p>
<p>　　各地各部门要抓好落实。</p>
<p>　　附件：<a href="a.doc">1.重点任务分工表</a></p>
<p>　　　　　<a href="b.doc">2.名词解释</a></p>
<p align="right">澜江省人民政府</p>
<p align="right">2026年3月1日</p>
<p>（此件公开发布）</p>
</div>
<div class="editor">责任编辑：王小明</div>
<div class="ewm">扫一扫在手机打开当前页</div>
<div class="related"><h3>相关阅读</h3><ul><li><a href="/1">一图读懂数字乡村建设实施意见</a></li>
<li><a href="/2">省政府新闻办举行新闻发布会解读实施意见。</a></li></ul></div>
</div>
<div class="footer"><p>主办单位：澜江省人民政府办公厅　网站标识码：9900000001</p>
<p>澜ICP备00000001号　澜公网安备 99000000000001号</p>
<p>版权所有：澜江省人民政府。未经授权不得转载本网站的任何内容。</p></div>
<noscript>请启用脚本。</noscript></body></html>"""
TRS = """<html><head><meta charset="gb2312"><title>临澜市召开全市安全生产工作会议</title></head>
<body bgcolor=#ffffff><table width=1000 align=center><tr>
<td><a href=/>网站首页</a></td><td><a href=/xw>新闻中心</a></td>
<td><a href=/zw>政务公开</a></td></tr></table>
<table width=1000><tr><td>您现在的位置：<a href=/>首页</a>&gt;<a href=/xw>新闻中心</a></td></tr></table>
<table width=1000><tr><td width=200 valign=top><b>热点新闻</b><br>
<a href=1>临澜江堤加固工程开工</a><br>
<a href=2>云桥区举办人才洽谈会</a></td>
<td><table><tr><td align=center class=biaoti>临澜市召开全市安全生产工作会议</td></tr>
<tr><td align=center>发布时间：2026-04-02　来源：临澜日报　浏览次数：<span id=hits></span></td></tr>
<tr><td><div class=TRS_Editor>&emsp;&emsp;4月1日，全市安全生产工作会议召开，市长李大川出席并讲话。<br><br>
&emsp;&emsp;会议指出，去年以来全市安全生产形势总体平稳，但隐患仍然不少。<br><br>
&emsp;&emsp;会议强调，要压实责任，严格执法，坚决防范遏制重特大事故。<br><br>
&emsp;&emsp;各县区、市直有关单位负责人参加会议。（记者 王小明）</div></td></tr>
<tr><td align=right>【<a href="javascript:print()">打印本页</a>】【<a href="javascript:close()">关闭窗口</a>】</td></tr>
<tr><td>上一篇：<a href=a>临澜市举办春季植树活动</a></td></tr></table></td></tr></table>
<table width=1000><tr><td align=center>主办：临澜市人民政府办公室　承办：临澜市大数据局<br>
澜ICP备00000002号 建议使用1024×768分辨率浏览本站</td></tr></table></body></html>"""
FLAT = """<html><head><title>青石镇二〇二六年防汛工作方案</title></head><body>
<a href=/>首页</a> <a href=/b>通知公告</a> <a href=/c>联系我们</a>
<h1>青石镇二〇二六年防汛工作方案</h1>
发布日期：2026年4月20日
<p>为做好今年防汛工作，确保人民群众生命财产安全，制定本方案。
<p>一、工作目标
<p>确保水库不垮坝、河道不决口、人员不伤亡。
<p>二、职责分工
<p>各村负责本辖区巡查值守，镇应急办负责统筹协调，卫生院负责医疗救护。
<p>青石镇人民政府
<p>2026年4月18日
<hr><a href=x>关于开展爱国卫生运动的通知</a><br><a href=y>关于公布低保名单的公告</a>
<p>版权所有 青石镇人民政府 澜ICP备00000003号
</body></html>"""
NEWS = """<!doctype html><html lang="zh"><head><meta charset="utf-8">
<title>云桥区：小田变大田 种粮更省心 - 澜江新闻</title>
<script type="application/ld+json">{"articleBody": "不是正文的正文。"}</script></head><body class="nav-open">
<header><a href="/">澜江新闻</a><nav><a href="/1">时政</a><a href="/2">经济</a></nav>
<form action="/s"><label for="q">搜索</label><input id="q"><button>搜一下</button></form></header>
<main><article><header><h1>云桥区：小田变大田 种粮更省心</h1>
<p class="meta"><span>2026-05-06 08:00</span>
<span>来源：澜江日报</span></p></header>
<section class="entry"><p>本报讯（记者 李晓）立夏时节，云桥区的田野上机声隆隆。</p>
<figure><img src="x.png"><figcaption>农机手在平整土地</figcaption></figure>
<p>“过去一块地分成七八片，现在连成了一大片。”种粮大户张大山说，<em>每亩</em>能省下近百元。</p>
<blockquote>把小田变成大田，关键是让农民得实惠。</blockquote>
<ul><li>全区已完成小田变大田三万亩；</li><li>今年计划再完成两万亩。</li></ul>
<div style="display:none">隐藏的统计代码说明文字</div>
<p>区农业农村局负责人表示，下一步将完善社会化服务体系，让种粮更省心。</p></section></article>
<aside><h2>推荐阅读</h2>
<ul><li><a href="/3">临澜湾里稻花香</a></li>
<li><a href="/4">记者手记：走进春天的田野，听见丰收的声音。</a></li></ul>
</aside>

<section class="comments">
<h2>网友评论</h2><p>说得真好，希望我们村也能早一点搞起来！</p>
<textarea>请输入评论</textarea></section></main>
<footer><p>© 2026 澜江日报社 版权所有，未经书面授权禁止使用。</p></footer></body></html>"""
