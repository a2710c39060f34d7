package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size returns n bytes as people say it, in powers of 1,000 with two or three
// figures: "0 B", "1.2 kB", "345 MB".
func Size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.5 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	digits := 1
	if value >= 99.95 {
		digits = 0
	}
	return fmt.Sprintf("%.*f %cB", digits, value, units[unit])
}

// Number returns n with its thousands set apart: "70,000".
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// Count returns n things: "1 file", "70,000 files". A noun whose plural is
// irregular is given as "entry|entries".
func Count[N ~int | ~int64 | ~uint64](n N, noun string) string {
	one, many, irregular := strings.Cut(noun, "|")
	switch {
	case n == 1:
		return "1 " + one
	case irregular:
		return Number(int64(n)) + " " + many
	}
	return Number(int64(n)) + " " + one + "s"
}

// Duration returns d with as much precision as a person wants: "40 ms",
// "1.2 s", "3m05s", "2h07m".
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}
