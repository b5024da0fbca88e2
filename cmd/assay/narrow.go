package main

import (
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"golang.org/x/term"
)

// terminalColumns is how many columns a terminal has; 0 of what is none, such as a
// pipe, which takes whatever comes.
func terminalColumns(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// fitting leaves out columns of a table, the first of wide first, until it is no
// wider than so many columns, or none of wide is left. It returns what it left
// out.
func fitting(rows [][]string, wide []string, columns int) (narrow [][]string, left []string) {
	for _, name := range wide {
		if tableWidth(rows) <= columns {
			break
		}
		i := slices.Index(rows[0], name)
		if i < 0 {
			continue
		}
		left = append(left, name)
		next := make([][]string, len(rows))
		for j, row := range rows {
			next[j] = slices.Delete(slices.Clone(row), i, i+1)
		}
		rows = next
	}
	return rows, left
}

// tableWidth is how wide [printTable] writes a table.
func tableWidth(rows [][]string) int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell)+2)
		}
	}
	sum := 0
	for _, w := range widths {
		sum += w
	}
	return sum
}
