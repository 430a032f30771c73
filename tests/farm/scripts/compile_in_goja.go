// SPDX-License-Identifier: GPL-3.0-or-later

// Compiles a job with a Flamenco job type in goja, the interpreter of Flamenco's manager.
//
// Words: scripts to evaluate, the last of them the job type, and the job. Prints what compileText of manager.js returns.
package main

import (
	"fmt"
	"os"

	"github.com/dop251/goja"
)

func read(path string) string {
	text, fault := os.ReadFile(path)
	require(fault)
	return string(text)
}

func require(fault error) {
	if fault != nil {
		fmt.Println(fault)
		os.Exit(1)
	}
}

func main() {
	runtime, last := goja.New(), len(os.Args)-1
	for _, path := range os.Args[1:last] {
		_, fault := runtime.RunScript(path, read(path))
		require(fault)
	}
	require(runtime.Set("given", read(os.Args[last])))
	compiled, fault := runtime.RunString("compileText(given)")
	require(fault)
	fmt.Println(compiled)
}
