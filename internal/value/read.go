package value

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/mlv-dev/mlv/internal/errs"
)

// Read returns what a file of values holds. The end of its name says in which
// language: .json, .toml, .py, .csv, .tsv; any other is YAML, in which a
// number alone is a value, too. Nothing is executed.
func Read(name string, src []byte) (Value, error) {
	if invalid := invalidUTF8(src); invalid >= 0 {
		return Value{}, errorAt(name, src, invalid, "", "the file is not UTF-8")
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return ReadJSON(name, src)
	case ".toml":
		return ReadTOML(name, src)
	case ".py":
		return ReadPython(name, src)
	case ".csv":
		return ReadTable(name, src, ',')
	case ".tsv":
		return ReadTable(name, src, '\t')
	}
	return ReadYAML(name, src)
}

// ReadTOML returns the value of a TOML file. Dates and times are strings; the
// order of keys is that of their bytes.
func ReadTOML(name string, src []byte) (Value, error) {
	var doc map[string]any
	if err := toml.Unmarshal(src, &doc); err != nil {
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, col := at.Position()
			e := errs.At(errs.Usage, name, "", "%s", strings.TrimPrefix(at.Error(), "toml: "))
			e.Line, e.Col = line, col
			return Value{}, e
		}
		return Value{}, errs.At(errs.Usage, name, "", "%w", err)
	}
	return fromTOML(doc), nil
}

func fromTOML(x any) Value {
	switch x := x.(type) {
	case bool:
		return OfBool(x)
	case int64:
		return OfInt(x)
	case float64:
		return OfFloat(x)
	case string:
		return OfString(x)
	case time.Time:
		return OfString(x.Format(time.RFC3339Nano))
	case []any:
		items := make([]Value, len(x))
		for i := range x {
			items[i] = fromTOML(x[i])
		}
		return OfList(items...)
	case map[string]any:
		fields := make([]Field, 0, len(x))
		for key, v := range x {
			fields = append(fields, Field{key, fromTOML(v)})
		}
		slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
		return OfMap(fields...)
	}
	return OfString(fmt.Sprint(x)) // local dates and times
}

// ReadTable returns the last row of a table of text, by the names in its first
// row. Cells that look like numbers, booleans or nothing are that.
func ReadTable(name string, src []byte, comma rune) (Value, error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(src))
	r.Comma, r.ReuseRecord = comma, true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return Value{}, nil
	}
	header = slices.Clone(header)
	var last []string
	for err == nil {
		var row []string
		if row, err = r.Read(); err == nil {
			last = append(last[:0], row...)
		}
	}
	if !errors.Is(err, io.EOF) {
		e := errs.At(errs.Usage, name, "", "%w", err)
		if at, ok := errors.AsType[*csv.ParseError](err); ok {
			e.Line, e.Col, e.Err = at.Line, at.Column, at.Err
		}
		return Value{}, e
	}
	fields := make([]Field, 0, len(header))
	seen := map[string]bool{}
	for i, key := range header {
		if seen[key] {
			return Value{}, errs.At(errs.Usage, name, "", "column %q stands twice", key)
		}
		seen[key] = true
		if last != nil {
			fields = append(fields, Field{key, cell(last[i])})
		}
	}
	return OfMap(fields...), nil
}

// cell returns the value of a cell, with the spellings of Python's writers.
func cell(text string) Value {
	switch strings.ToLower(text) {
	case "nan", "+nan", "-nan":
		return OfFloat(math.NaN())
	case "inf", "+inf", "infinity", "+infinity":
		return OfFloat(math.Inf(1))
	case "-inf", "-infinity":
		return OfFloat(math.Inf(-1))
	}
	v, err := resolve(strings.TrimSpace(text))
	if err != nil || v.Kind() == String {
		return OfString(text)
	}
	return v
}
