package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/ui"
)

// schema is the version that every JSON object of ours begins with.
const schema = 1

// show prints a result: as JSON with --json, nothing with --quiet, else as
// text. The progress line is gone by then.
func show[T any](a *App, v T, text func(*Printer, T)) error {
	return emit(a, fmt.Sprintf(`"version":%d`, schema), v, text)
}

// showDVC is show for a command whose JSON is DVC's object, without a version.
func showDVC[T any](a *App, v T, text func(*Printer, T)) error { return emit(a, "", v, text) }

// emit prints a result; its JSON object begins with head.
func emit[T any](a *App, head string, v T, text func(*Printer, T)) error {
	a.unwatch()
	out := bufio.NewWriter(a.Out)
	switch {
	case a.JSON:
		if err := writeJSON(out, head, v); err != nil {
			return err
		}
	case a.Quiet:
		return nil
	default:
		text(&Printer{Writer: out, paint: a.screen.Out.Paint, Width: a.screen.Out.Width(), all: a.Verbose > 0}, v)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// showDone is show for work that may have failed in part: what was done is
// shown, then err returned. Of a usage error there is nothing to show.
func showDone[T any](a *App, v T, err error, text func(*Printer, T)) error {
	if err != nil && (reflect.ValueOf(v).IsZero() || errs.KindOf(err) == errs.Usage) {
		return err
	}
	if failed := show(a, v, text); failed != nil && err == nil {
		return failed
	}
	return err
}

// writeJSON writes v, indented; head stands before the fields of an object.
func writeJSON(w io.Writer, head string, v any) error {
	var plain, pretty bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(withLists(v)); err != nil {
		return err
	}
	if fields, ok := bytes.CutPrefix(plain.Bytes(), []byte("{")); ok && head != "" {
		if !bytes.HasPrefix(fields, []byte("}")) {
			head += ","
		}
		plain = *bytes.NewBuffer(append([]byte("{"+head), fields...))
	}
	if err := json.Indent(&pretty, plain.Bytes(), "", "  "); err != nil {
		return err
	}
	_, err := w.Write(pretty.Bytes())
	return err
}

// withLists returns v with an empty list for each nil one, in it and in the
// structs in it: an empty list is [] in JSON, never null.
func withLists(v any) any {
	from := reflect.Indirect(reflect.ValueOf(v))
	if _, own := v.(json.Marshaler); own || from.Kind() != reflect.Struct {
		return v
	}
	to := reflect.New(from.Type()).Elem()
	to.Set(from)
	fillLists(to)
	return to.Interface()
}

func fillLists(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Pointer {
			field = field.Elem() // invalid of nil
		}
		switch {
		case !field.CanSet():
		case field.Kind() == reflect.Struct:
			fillLists(field)
		case field.Kind() == reflect.Slice && field.IsNil():
			field.Set(reflect.MakeSlice(field.Type(), 0, 0))
		}
	}
}

// A Printer writes the text of a result. An error of the stream beneath stays
// until the end of show.
type Printer struct {
	io.Writer
	Width int // columns

	all   bool // print all of a long list
	paint func(ui.Role, string) string
}

// Line writes a line. Arguments of type string are what others wrote: they are
// made safe for a terminal. Painted text is already.
func (p *Printer) Line(format string, args ...any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			args[i] = render.Safe(arg)
		case painted:
			args[i] = string(arg)
		}
	}
	fmt.Fprintf(p, format+"\n", args...)
}

// Table prints a table.
func (p *Printer) Table(t render.Table) { _ = t.Text(p) } // an error of the stream comes at the end

// painted is text that has been made safe and may hold colours.
type painted string

// Paint returns s in the colour of role, to be given to Line.
func (p *Printer) Paint(role ui.Role, s string) painted {
	return painted(p.paint(role, render.Safe(s)))
}

// errNo is the answer no: what was asked for is on stdout already.
var errNo = &errs.Error{Kind: errs.Negative, Err: errors.New("the answer is no")}

// fail prints err, and how to get on. It is the only place that prints errors.
func (a *App) fail(err error, args []string) {
	switch {
	case err == nil || errors.Is(err, errNo):
	case a.JSON || asksJSON(args): // flags may not have been read
		a.failJSON(err)
	default:
		a.failText(err)
	}
}

func (a *App) failText(err error) {
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	first, rest, _ := strings.Cut(text, "\n")
	fmt.Fprintf(a.Err, "%s %s\n", a.screen.Err.Paint(ui.Bad, "mlv:"), render.Safe(first))
	for line := range strings.Lines(rest) {
		// Indented, so that no name with a line end in it writes a hint of its own.
		fmt.Fprintf(a.Err, "  %s\n", render.Safe(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "  ")))
	}
	hints, near := errs.Hints(err), candidates(err)
	if len(near) > 1 || len(near) == 1 && (len(hints) == 0 || !strings.Contains(hints[0], near[0])) {
		fmt.Fprintf(a.Err, "  nearest: %s\n", render.Safe(strings.Join(near, ", ")))
	}
	if len(hints) > 0 { // the outermost knows best what the user was about
		fmt.Fprintf(a.Err, "%s %s\n", a.screen.Err.Paint(ui.Strong, "hint:"), render.Safe(hints[0]))
	}
}

// failJSON prints err as one line, the last on stderr.
func (a *App) failJSON(err error) {
	line := struct {
		Version    int      `json:"version"`
		Kind       string   `json:"kind"`
		Message    string   `json:"message"`
		Path       string   `json:"path,omitempty"`
		Line       int      `json:"line,omitempty"`
		Column     int      `json:"column,omitempty"`
		Hint       string   `json:"hint,omitempty"`
		Candidates []string `json:"candidates,omitempty"`
	}{Version: schema, Message: err.Error(), Candidates: candidates(err)}
	if hints := errs.Hints(err); len(hints) > 0 {
		line.Hint = hints[0]
	}
	for _, exit := range errs.Exits() {
		if exit.Code == errs.ExitCode(err) {
			line.Kind = exit.Name
		}
	}
	for e := err; e != nil; {
		at, ok := errors.AsType[*errs.Error](e)
		if !ok {
			break
		}
		if at.Path != "" {
			line.Path, line.Line, line.Column = at.Path, at.Line, at.Col
			break
		}
		e = at.Err
	}
	b, jsonErr := json.Marshal(line)
	if jsonErr != nil {
		a.failText(err)
		return
	}
	fmt.Fprintf(a.Err, "%s\n", b)
}

// candidates returns what was perhaps meant, of the outermost error that knows.
func candidates(err error) []string {
	for err != nil {
		e, ok := errors.AsType[*errs.Error](err)
		if !ok {
			return nil
		}
		if len(e.Candidates) > 0 {
			return e.Candidates
		}
		err = e.Err
	}
	return nil
}

// asksJSON tells whether a command line asks for JSON, before any parsing.
func asksJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}
