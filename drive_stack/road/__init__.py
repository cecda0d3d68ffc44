"""The geometry of roads: conversion of coordinates, and heights."""
