// Package browsertest shows pages in a real Chromium to their tests, and has
// axe-core look at them. It is built with the tag page; make page installs both.
package browsertest
