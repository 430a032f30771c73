# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of a page: a table on wide screens, two cells side by side on narrow ones, and an open cell large."""

STYLE = """\
:root { color-scheme: dark; }
* { box-sizing: border-box; }
html:has(figure:target) { overflow: hidden; }
body { margin: 0; padding: 20px 24px 32px; background: #181818; color: #e6e6e6;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 22px; font-weight: 600; }
h2 { margin: 28px 0 0; font-size: 18px; font-weight: 600; }
header p { margin: 4px 0 0; color: #a8a8a8; }
header .mark { color: #e8c98a; }
table { width: 100%; margin-top: 12px; border-collapse: separate; border-spacing: 0; table-layout: fixed; }
thead th { position: sticky; top: 0; z-index: 2; padding: 6px 6px 8px; background: #181818; font-weight: 600;
  text-align: left; vertical-align: top; }
th small, td small { display: block; color: #a8a8a8; font-size: 13px; font-weight: 400; }
.corner { width: 148px; }
tbody th { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; font-weight: 600; }
td { padding: 4px; vertical-align: top; }
figure { margin: 0; }
figcaption small { font-size: 12px; line-height: 1.35; padding-top: 3px; }
.where, .title, .close, .ways { display: none; }
.shot { display: grid; position: relative; border-radius: 4px; overflow: hidden; background: #242424; }
.image { grid-area: 1 / 1; background-size: contain; background-repeat: no-repeat; background-position: center; }
.before { opacity: 0; }
.before::after { content: "original"; position: absolute; left: 6px; top: 6px; padding: 1px 7px; border-radius: 3px;
  background: #000b; color: #fff; font-size: 12px; }
.shot:hover .before, .shot:focus .before { opacity: 1; }
.shot:focus-visible { outline: 3px solid #6ab0ff; outline-offset: 1px; }
.fault { padding: 8px 10px; border-radius: 4px; background: #3a1e1e; color: #f5beb4; font-size: 13px; }
figure:target { position: fixed; inset: 0; z-index: 10; display: flex; flex-direction: column; gap: 10px;
  padding: 14px 20px; background: #101010; overflow: auto; }
figure:target .shot { flex: none; grid-template-columns: 1fr 1fr; gap: 10px; background: none; }
figure:target .image { grid-area: auto; position: relative; max-height: calc(100vh - 150px); min-width: 0;
  background-position: top left; }
figure:target .before { opacity: 1; order: -1; }
figure:target .original { grid-column: 1 / 3; }
figure:target .title { display: block; padding-right: 100px; font-size: 17px; }
figure:target figcaption { order: -1; }
figure:target .ways { display: flex; flex-wrap: wrap; gap: 8px; }
figure:target .close { display: block; }
.ways a, .close { padding: 6px 14px; border-radius: 4px; background: #2c2c2c; color: #e6e6e6; text-decoration: none; }
.ways a:hover, .ways a:focus-visible, .close:hover, .close:focus-visible { background: #444; }
.close { position: absolute; top: 12px; right: 20px; }
@media (max-width: 760px) {
  body { padding: 14px 14px 28px; }
  table, tbody, tr, td, tbody th { display: block; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 8px; padding: 12px 0; border-top: 1px solid #333; }
  tbody th { grid-column: 1 / 3; padding: 0; }
  td { padding: 0; min-width: 0; }
  td:empty { display: none; }
  .where { display: block; font-size: 14px; padding-top: 2px; }
  figure:target .where { display: none; }
  figure:target { padding: 12px; }
  figure:target .shot { grid-template-columns: 1fr; }
  figure:target .image { max-height: none; }
  figure:target .original { grid-column: 1; }
  figure:target .close { right: 12px; }
}
@media (hover: none) { .before::after { font-size: 11px; } }
"""
