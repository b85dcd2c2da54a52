"""MQTT 3.1.1 with QoS 1: a message is acknowledged to the broker when its readings are durable."""
