#!/usr/bin/env bash
echo "gpubox: nothing to do yet"
