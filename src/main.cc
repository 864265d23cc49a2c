#include "process/run.h"

int main(int argc, char** argv) { return uringx::run(argc, argv); }
