package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/pipeline"
	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newStage)

func newStage(a *App) *cobra.Command {
	return group("stage", "Look at the stages of the pipeline", "pipeline", newStageList(a))
}

func newStageList(a *App) *cobra.Command {
	var nameOnly bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the stages",
		RunE: a.inProject(func(_ context.Context, p *work.Project, _ []string) (err error) {
			stages, err := pipeline.Open(p, "")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stages.Close()) }()
			err = show(a, stageList{stages.StageList()}, func(p *Printer, l stageList) { printStages(p, l, nameOnly) })
			return errors.Join(err, p.Problems())
		}),
	}
	cmd.Flags().BoolVar(&nameOnly, "name-only", false, "print names alone")
	return cmd
}

type stageList struct {
	Stages []pipeline.StageInfo `json:"stages"`
}

func printStages(p *Printer, l stageList, nameOnly bool) {
	t := render.Table{Columns: render.Columns("", "")}
	for _, s := range l.Stages {
		what := s.Desc
		if what == "" {
			what = "makes " + strings.Join(s.Outs, ", ")
		}
		if nameOnly {
			p.Line("%s", s.Stage)
		} else {
			t.Add(s.Stage, what)
		}
	}
	if !nameOnly && len(t.Rows) > 0 {
		_ = t.Text(p) // an error of the stream comes at the end
	}
}
