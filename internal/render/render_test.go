package render

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSafeShowsWhatATerminalWouldObey(t *testing.T) {
	for in, want := range map[string]string{
		"data/raw.csv":        "data/raw.csv",
		"データ/日本 語.csv":        "データ/日本 語.csv",
		"Zürich\u00a0a":       "Zürich\u00a0a",
		"a\x1b[2Jb":           `a\x1b[2Jb`,
		"a\nhint: rm":         `a\nhint: rm`,
		"a\tb\x00\x7f":        `a\tb\x00\x7f`,
		"evil\u202egpj.exe":   `evil\u202egpj.exe`,
		"a\u200bb\ufeff":      `a\u200bb\ufeff`,
		"\u009bK":             `\x9bK`,
		"caf\xe9":             `caf\xe9`,
		"hangul \u3164filler": `hangul \u3164filler`,
		"tag \U000e0041":      `tag \U000e0041`,
		"❤️":                  "❤️",
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafeLeavesNothingToObey(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		once := Safe(s)
		if twice := Safe(once); twice != once {
			t.Errorf("Safe(%q) = %q, and of that %q", s, once, twice)
		}
		if strings.ContainsFunc(once, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Errorf("Safe(%q) = %q holds a control character", s, once)
		}
	})
}

func TestNumbersAsPeopleSayThem(t *testing.T) {
	for got, want := range map[string]string{
		Size(0):                                     "0 B",
		Size(999):                                   "999 B",
		Size(1000):                                  "1.0 kB",
		Size(13479):                                 "13.5 kB",
		Size(99960):                                 "100 kB",
		Size(999_499):                               "999 kB",
		Size(999_500):                               "1.0 MB",
		Size(5_368_709_120):                         "5.4 GB",
		Size(9_223_372_036_854775807):               "9.2 EB",
		Count(1, "file"):                            "1 file",
		Count(0, "file"):                            "0 files",
		Count(70000, "file"):                        "70,000 files",
		Count(2, "entry|entries"):                   "2 entries",
		Number(-1234567):                            "-1,234,567",
		Number(123):                                 "123",
		Duration(40 * time.Millisecond):             "40 ms",
		Duration(1234 * time.Millisecond):           "1.2 s",
		Duration(59949 * time.Millisecond):          "59.9 s",
		Duration(59950 * time.Millisecond):          "1m00s",
		Duration(185 * time.Second):                 "3m05s",
		Duration(2*time.Hour + 7*time.Minute):       "2h07m",
		Duration(time.Hour + 59*time.Minute + 40e9): "2h00m",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

var table = Table{
	Columns: Columns("Path", "Size>", "Note"),
	Rows: [][]string{
		{"データ.csv", "13.5 kB", "a|b"},
		{"val_loss.json", "1 B", "@ada #1"},
		{"e\u0301.txt", "20 B", ""},
	},
}

func TestTableTextAlignsByGraphemes(t *testing.T) {
	want := "Path              Size  Note\n" +
		"データ.csv     13.5 kB  a|b\n" +
		"val_loss.json      1 B  @ada #1\n" +
		"e\u0301.txt             20 B\n"
	check(t, table.Text, want)
}

func TestTableMarkdownGivesNothingAMeaning(t *testing.T) {
	want := "| Path | Size | Note |\n|---|--:|---|\n" +
		"| データ.csv | 13.5 kB | `a\\|b` |\n" +
		"| val_loss.json | 1 B | `@ada #1` |\n" +
		"| e\u0301.txt | 20 B |  |\n"
	check(t, table.Markdown, want)
}

func TestTableCSVKeepsCells(t *testing.T) {
	one := Table{Columns: Columns("Path", "Value>"), Rows: [][]string{{"a,b", "say \"hi\"\nnow"}}}
	check(t, one.CSV, "Path,Value\n\"a,b\",\"say \"\"hi\"\"\nnow\"\n")
}

func check(t *testing.T, write func(io.Writer) error, want string) {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMarkdownLeavesWordsAndFencesTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"0.82 → 0.91 (+11%)": "0.82 → 0.91 (+11%)",
		"data/train.csv":     "data/train.csv",
		"_x_":                "`_x_`",
		"[a](http://b)":      "`[a](http://b)`",
		"www.example.com":    "`www.example.com`",
		"a`b":                "`` a`b ``",
		"<script>":           "`<script>`",
		"!1 %2 ~3":           "`!1 %2 ~3`",
		"a\nb":               "`a\\nb`",
		"":                   "",
	} {
		if got := Markdown(in); got != want {
			t.Errorf("Markdown(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFitCutsByColumns(t *testing.T) {
	if got := Fit("データ.csv", 6); got != "デー…" {
		t.Errorf("got %q", got)
	}
	if got := Fit("short", 6); got != "short" {
		t.Errorf("got %q", got)
	}
}
