#!/usr/bin/env node
/** The executable of `diffusion-samplers`. */
import { runProgram } from './program';
import { runAsProcess } from './terminal';

void runAsProcess(runProgram);
