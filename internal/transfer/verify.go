package transfer

import (
	"context"

	"github.com/mlv-dev/mlv/internal/object"
)

type damage map[object.ID]bool

func (d damage) has(t *table, id object.ID, s spot) bool { return false }

func (p *push) verify(ctx context.Context) (bool, error) { return false, nil }
