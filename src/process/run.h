// run() is the program: it reads the command line and becomes what that asks for.
// Called by main() and by nothing else.
#pragma once

namespace uringx {

// Gives the exit code. `argv` as main() was given it.
int run(int argc, char** argv);

}  // namespace uringx
