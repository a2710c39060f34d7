package render

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// A Table is rows of text under named columns. Cells are what others wrote:
// each form escapes them in its own way.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// A Column is a heading and where its cells stand.
type Column struct {
	Name  string
	Right bool // numbers stand right
}

// Columns returns left-aligned columns; a name that ends in ">" is one whose
// cells stand right.
func Columns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name, columns[i].Right = strings.CutSuffix(name, ">")
	}
	return columns
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text writes the table for a terminal: columns two blanks apart, aligned by
// the width that a terminal gives to each grapheme, no blanks at line ends.
// Without names of columns there is no line of headings.
func (t *Table) Text(w io.Writer) error {
	rows := make([][]string, 0, len(t.Rows)+1)
	heads, named := make([]string, len(t.Columns)), false
	for i, c := range t.Columns {
		heads[i], named = Safe(c.Name), named || c.Name != ""
	}
	if named {
		rows = append(rows, heads)
	}
	for _, row := range t.Rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = Safe(cell)
		}
		rows = append(rows, safe)
	}
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], displaywidth.String(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-displaywidth.String(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if t.Columns[i].Right {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		if _, err := io.WriteString(w, strings.TrimRight(b.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Markdown writes the table as GitHub and GitLab read it.
func (t *Table) Markdown(w io.Writer) error {
	var b strings.Builder
	for _, c := range t.Columns {
		b.WriteString("| " + Markdown(c.Name) + " ")
	}
	b.WriteString("|\n")
	for _, c := range t.Columns {
		if c.Right {
			b.WriteString("|--:")
		} else {
			b.WriteString("|---")
		}
	}
	b.WriteString("|\n")
	for _, row := range t.Rows {
		for _, cell := range row {
			b.WriteString("| " + Markdown(cell) + " ")
		}
		b.WriteString("|\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CSV writes the table as RFC 4180 has it, cells as they are.
func (t *Table) CSV(w io.Writer) error {
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Name
	}
	out := csv.NewWriter(w)
	if err := out.Write(heads); err != nil {
		return err
	}
	return out.WriteAll(t.Rows)
}

// Fit returns text cut to width columns, with an ellipsis where some is cut
// off.
func Fit(text string, width int) string {
	if displaywidth.String(text) <= width {
		return text
	}
	return displaywidth.TruncateString(text, max(width, 1), "…")
}
