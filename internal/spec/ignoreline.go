package spec

import (
	"bytes"
	"fmt"
	"strings"
)

// AddIgnore returns an ignore file with a line for what is called name in the
// file's own folder: content itself if its last word on that name is such a
// line already. A name that ends in a slash is a folder's alone.
func AddIgnore(content []byte, name string) ([]byte, error) {
	line, err := ignoreLine(name)
	if err != nil {
		return nil, err
	}
	has := false
	for old := range bytes.SplitSeq(content, []byte("\n")) {
		text := trimBlanks(string(bytes.TrimSuffix(old, []byte("\r"))))
		has = text == line || has && text != "!"+line
	}
	if has {
		return content, nil
	}
	eol := "\n"
	if i := bytes.IndexByte(content, '\n'); i > 0 && content[i-1] == '\r' {
		eol = "\r\n"
	}
	b := bytes.Clone(content)
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, eol...)
	}
	return append(append(b, line...), eol...), nil
}

// RemoveIgnore returns an ignore file without the lines that AddIgnore adds
// for name.
func RemoveIgnore(content []byte, name string) ([]byte, error) {
	line, err := ignoreLine(name)
	if err != nil {
		return nil, err
	}
	var b []byte
	for old := range bytes.SplitAfterSeq(content, []byte("\n")) {
		if trimBlanks(strings.TrimRight(string(old), "\r\n")) != line {
			b = append(b, old...)
		}
	}
	return b, nil
}

// ignoreLine returns the line that names exactly one thing in a folder.
func ignoreLine(name string) (string, error) {
	name, folder := strings.CutSuffix(name, "/")
	if name == "" || strings.ContainsAny(name, "\n/") || strings.HasSuffix(name, "\r") {
		return "", fmt.Errorf("no line of an ignore file can name %q", name)
	}
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(name) {
		if strings.IndexByte(`\!#*?[] `, name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	if folder {
		b.WriteByte('/')
	}
	return b.String(), nil
}
