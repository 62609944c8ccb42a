"""The service as a process behind HTTP, compared with other ways to store a dashboard: 20 KB, 16 clients.

`make bench PARTS=service.sections` measures only this. All contenders are started first and then loaded in turns,
repeatedly, so that disturbances of the machine affect all of them. The services run on one core, the load on another;
CPU time is what the kernel counted for a contender's processes while they were loaded.
"""
