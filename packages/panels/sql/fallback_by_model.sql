-- Which first choice of model is good enough for which job.
{include fallback_by column=first_model}
