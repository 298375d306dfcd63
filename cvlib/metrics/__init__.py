"""Measurements that several chapters share; each module is one family."""
