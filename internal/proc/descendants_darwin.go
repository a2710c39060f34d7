package proc

import "golang.org/x/sys/unix"

// descendants returns the processes below pid, which must still run for its
// children to be found.
func descendants(pid int) (pids []int) {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	below := map[int]bool{pid: true}
	for grown := true; grown; {
		grown = false
		for i := range all {
			p, parent := int(all[i].Proc.P_pid), int(all[i].Eproc.Ppid)
			if below[parent] && !below[p] {
				below[p], grown = true, true
				pids = append(pids, p)
			}
		}
	}
	return pids
}
