package cli

import (
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/pipeline"
	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/ui"
)

// narrate has what stages print, and when they begin, written to stderr:
// stdout is for the result.
func (a *App) narrate(opt *pipeline.ReproOptions) {
	if a.Quiet {
		return
	}
	opt.Output = a.Err
	opt.Started = func(s pipeline.StageResult) {
		a.unwatch() // what the stage prints would run into the progress line
		fmt.Fprintf(a.Err, "%s %s\n", a.screen.Err.Paint(ui.Strong, "running "+render.Safe(s.Stage)+":"), render.Safe(strings.Join(s.Cmd, " && ")))
	}
	opt.Waiting = func(stage string) {
		fmt.Fprintf(a.Err, "waiting for another mlv that runs %s\n", render.Safe(stage))
	}
}

// whoRuns names the user and the machine, for run records.
func (a *App) whoRuns() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}

// printRepro prints a line for each stage that was not simply up to date, and
// the reasons of those that were stale.
func printRepro(p *Printer, r pipeline.ReproResult, dry bool) {
	for _, name := range r.Recovered {
		p.Line("restored the outs of %s, whose run was killed", name)
	}
	idle := 0
	for _, s := range r.Stages {
		switch s.Outcome {
		case pipeline.Unchanged:
			idle++
			continue
		case pipeline.Ran:
			p.Line("%s: ran in %s", s.Stage, render.Duration(time.Duration(s.Seconds*float64(time.Second))))
		default:
			p.Line("%s: %s", s.Stage, s.Outcome)
		}
		for _, reason := range s.Reasons {
			p.Line("  %s", reason.Text)
		}
		for _, kept := range s.Kept {
			p.Line("  kept in %s", kept)
		}
	}
	switch {
	case len(r.Stages) == 0:
		p.Line("there are no stages")
	case idle == len(r.Stages) && dry:
		p.Line("nothing would run: %s up to date", count(idle))
	case idle == len(r.Stages):
		p.Line("nothing to do: %s up to date", count(idle))
	}
}

func count(stages int) string {
	if stages == 1 {
		return "1 stage is"
	}
	return fmt.Sprintf("%d stages are", stages)
}

// printStale prints the stages that aren't up to date, a line for each cause.
func printStale(p *Printer, stages []pipeline.StageStatus) {
	if len(stages) > 0 {
		p.Line("%s", p.Paint(ui.Strong, "stages; 'mlv repro' brings them up to date:"))
	}
	for _, s := range stages {
		if len(s.Reasons) == 0 {
			p.Line("   %s: %s", s.Stage, s.State)
		}
		for _, reason := range s.Reasons {
			p.Line("   %s: %s", s.Stage, reason.Text)
		}
	}
}
