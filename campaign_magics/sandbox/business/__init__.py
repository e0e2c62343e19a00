"""The instance at work: deliveries, workflows and jobs that live on the clock.

Nothing runs in the background.  A method puts what follows on the world's agenda,
and ``settle`` lets happen what is due before anybody looks.
"""
