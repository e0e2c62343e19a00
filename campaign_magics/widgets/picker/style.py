"""The picker's own style sheet; colours are the theme's."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
.cm-picker .cm-bar{flex-flow:row wrap;align-items:center;gap:4px 10px}
.cm-picker .cm-result{
  text-align:left;background:transparent;
  color:var(--jp-content-font-color1,#212121);
  border-bottom:1px solid var(--jp-border-color2,#bdbdbd)}
.cm-picker .cm-both{flex-flow:row wrap;gap:20px;margin-top:8px}
.cm-picker .cm-fields{flex:3 1 460px;min-width:0}
.cm-picker .cm-query{
  flex:2 1 320px;min-width:0;padding-left:20px;
  border-left:1px solid var(--jp-border-color2,#bdbdbd)}
.cm-picker .cm-query .widget-label{text-align:left}
.cm-picker .cm-rows{
  margin:4px 0;border-top:1px solid var(--jp-border-color2,#bdbdbd)}
.cm-picker .cm-rows>.widget-hbox{
  flex-flow:row wrap;border-bottom:1px solid var(--jp-border-color3,#e0e0e0)}
.cm-picker .cm-rows .widget-button,.cm-picker .cm-condition .widget-button{
  background:transparent;color:var(--jp-content-font-color1,#212121);
  border:1px solid var(--jp-border-color2,#bdbdbd);
  height:24px;line-height:22px}
.cm-picker .widget-html-content{min-width:0;width:100%}
.cm-picker .cm-rows .widget-html{overflow:hidden}
.cm-picker .cm-rows .widget-checkbox span{
  overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.cm-picker .cm-condition select{min-width:0}
.cm-picker .cm-condition .cm-bar>*{max-width:100%}
.cm-picker .cm-condition{
  border-left:3px solid var(--jp-border-color1,#9e9e9e);padding-left:8px;
  margin-bottom:6px}
.cm-picker .cm-title{margin-top:6px}
.cm-picker .cm-facts{line-height:1.35}
.cm-picker .cm-facts>*{margin-right:6px}
.cm-picker .cm-facts>code,.cm-picker .cm-facts>.cm-type{white-space:nowrap}
.cm-picker .cm-code textarea{
  box-sizing:border-box;width:100%;resize:vertical;padding:6px;
  font-family:var(--jp-code-font-family,monospace);
  font-size:var(--jp-code-font-size,13px);line-height:1.4;
  background:var(--jp-layout-color0,#fff);
  color:var(--jp-content-font-color1,#212121);
  border:1px solid var(--jp-border-color1,#9e9e9e)}
.cm-picker .cm-code button{padding:0 12px;height:28px}
.cm-picker .cm-frame{overflow-x:auto}
.cm-picker .cm-frame table{border-collapse:collapse;margin:4px 0}
.cm-picker .cm-frame caption{text-align:left;font-weight:600;padding:2px 0}
.cm-picker .cm-frame th,.cm-picker .cm-frame td{
  text-align:left;padding:3px 12px 3px 0;white-space:nowrap;
  border-bottom:1px solid var(--jp-border-color2,#bdbdbd);
  color:var(--jp-content-font-color1,#212121)}
.cm-picker .cm-outcome{margin-top:8px}
"""
