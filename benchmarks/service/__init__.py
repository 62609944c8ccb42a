"""The service as a process behind HTTP, beside what else could keep a dashboard: 20 KB, 16 clients, durable storage.

`make bench PARTS=service.sections` measures it alone. All contenders are started first, then loaded one after another,
again and again, so that what disturbs the machine meets all of them. The services run on one core, the load on another
one; CPU time is what the kernel counted for a contender's processes while they were loaded.
"""
